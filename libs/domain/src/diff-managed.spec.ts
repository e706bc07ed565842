import type { JsonObject, JsonValue } from '@trawling/contracts';
import fc from 'fast-check';
import { diffManaged } from './diff-managed.js';
import { isJsonObject, mergePatch } from './merge-patch.js';

const REDACTED = '__OPENCLAW_REDACTED__';

/** Rendered configs: nested objects over few keys, so that they collide; no nulls and no empty objects, as we render none. */
const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.constantFrom('a', 'b'), fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 }));
const keysFrom = (keys: string[]) => fc.letrec<{ object: JsonObject; value: JsonValue }>((tie) => ({
  object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  value: fc.oneof({ maxDepth: 2 }, leaf, tie('object')),
})).object;
const managed = keysFrom(['a', 'b', 'c']);
/** Keys no rendered config has, hung in anywhere. */
const foreign = keysFrom(['x', 'y']);
const hung = fc.tuple(foreign, fc.constantFrom<string[]>([], ['a'], ['b'], ['a', 'b'], ['c', 'a']));

const hang = (config: JsonObject, [extra, path]: [JsonObject, string[]]): JsonObject => {
  const [key, ...rest] = path;
  if (key === undefined) return { ...config, ...extra };
  const below = config[key];
  return isJsonObject(below) ? { ...config, [key]: hang(below, [extra, rest]) } : config;
};

const leaves = (value: JsonValue, path = ''): [string, JsonValue][] =>
  isJsonObject(value) ? Object.entries(value).flatMap(([key, child]) => leaves(child, `${path}/${key}`)) : [[path, value]];
const isForeign = ([path]: [string, JsonValue]) => /\/[xy](?:\/|$)/.test(path);

describe('diffManaged', () => {
  it('turns the previous rendering plus foreign keys into the next one, and leaves the foreign keys alone', () => {
    fc.assert(fc.property(managed, managed, fc.array(hung, { maxLength: 3 }), (previous, next, extras) => {
      const actual = extras.reduce(hang, previous);
      // A foreign key below something that becomes a plain value has no place to stay.
      const kept = leaves(actual).filter(isForeign).filter(([path]) => !leaves(next).some(([wanted]) => path.startsWith(`${wanted}/`)));

      const result = mergePatch(actual, diffManaged(previous, next, actual).patch);

      expect(leaves(result).filter((one) => !isForeign(one)).sort()).toEqual(leaves(next).sort());
      expect(leaves(result).filter(isForeign).sort()).toEqual(kept.sort());
    }), { numRuns: 1000 });
  });

  it('is empty when the config already says what we want, so that applying again changes nothing', () => {
    fc.assert(fc.property(managed, managed, fc.array(hung, { maxLength: 2 }), (previous, next, extras) => {
      const actual = extras.reduce(hang, previous);
      const applied = mergePatch(actual, diffManaged(previous, next, actual).patch);

      expect(diffManaged(next, next, applied)).toEqual({ patch: {}, replacePaths: [], empty: true });
    }));
  });

  it('repairs drift of managed keys, whoever changed them', () => {
    fc.assert(fc.property(managed, managed, (next, drifted) => {
      const result = mergePatch(drifted, diffManaged(next, next, drifted).patch);
      expect(result).toMatchObject(next);
    }));
  });

  it('removes a managed key that is gone with null', () => {
    expect(diffManaged({ a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { b: 1, c: 2 } }).patch).toEqual({ a: { c: null } });
  });

  it('removes a whole object when nothing foreign is in it, else only what was ours', () => {
    const previous = { channels: { telegram: { enabled: true, botToken: 't' } }, keep: 1 };

    expect(diffManaged(previous, { keep: 1 }, previous).patch).toEqual({ channels: null });
    expect(diffManaged(previous, { keep: 1 }, mergePatch(previous, { channels: { telegram: { added: 1 } } })).patch).toEqual({
      channels: { telegram: { enabled: null, botToken: null } },
    });
  });

  it('names every array it replaces or removes, because OpenClaw would merge or refuse it', () => {
    const previous = { models: { p: { models: [{ id: 'a' }, { id: 'b' }] }, q: { models: [{ id: 'c' }] } } };

    expect(diffManaged(previous, { models: { p: { models: [{ id: 'b' }] } } }, previous)).toEqual({
      patch: { models: { p: { models: [{ id: 'b' }] }, q: null } }, replacePaths: ['models.p.models', 'models.q.models'], empty: false,
    });
  });

  it('takes a redacted value for what was written last', () => {
    const config = (token: string) => ({ cron: { webhookToken: token } });

    expect(diffManaged(config('one'), config('one'), config(REDACTED)).empty).toBe(true);
    expect(diffManaged(config('one'), config('two'), config(REDACTED)).patch).toEqual(config('two'));
    expect(diffManaged(null, config('one'), config(REDACTED)).patch).toEqual(config('one'));
  });
});
