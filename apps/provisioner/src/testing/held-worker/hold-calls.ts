import { type LeasedMachines, type MachineStore } from '@trawling/database';
import { type Gate } from './gate.js';

/** The same object, whose asynchronous methods stand still before they begin and after they have ended. */
export function holdCalls<T extends object>(name: string, target: T, gate: Gate): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await gate.pass(`${name}.${String(key)} before`);
        const result: unknown = await Reflect.apply(value, object, args);
        await gate.pass(`${name}.${String(key)} after`);
        return result;
      };
    },
  });
}

/** A store that also stands still inside its transactions, before they commit. */
export const holdTransactions = (store: MachineStore, gate: Gate): MachineStore => ({
  ...store,
  underLease: (lease, leaseSeconds, work) =>
    store.underLease(lease, leaseSeconds, async (tx: LeasedMachines) => {
      const result = await work(tx);
      await gate.pass('store.underLease in transaction');
      return result;
    }),
});
