// What @peculiar/x509's dependency injection wants of the package reflect-metadata, and no more: import this before it.
type Key = { target: object; name: PropertyKey | undefined };

const known: (Key & { key: unknown; value: unknown })[] = [];
const get = (key: unknown, target: object, name?: PropertyKey): unknown =>
  known.find((one) => one.key === key && one.target === target && one.name === name)?.value;
const define = (key: unknown, value: unknown, target: object, name?: PropertyKey): void => {
  known.unshift({ key, value, target, name });
};

Object.assign(Reflect, {
  getMetadata: get,
  getOwnMetadata: get,
  defineMetadata: define,
  metadata: (key: unknown, value: unknown) => (target: object, name?: PropertyKey) => define(key, value, target, name),
});

export {};
