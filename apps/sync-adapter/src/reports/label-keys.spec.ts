import { canonicalJson, sha256Of } from '@trawling/domain';
import { createLabelKeys } from './label-keys.js';

describe('the key of labels', () => {
  it('is the same for the same labels in whatever order, and for those only', () => {
    const labelKeyOf = createLabelKeys({ maxEntries: 10 });
    const key = labelKeyOf({ venue: 'a', asset: 'BTC' });

    expect(labelKeyOf({ asset: 'BTC', venue: 'a' })).toEqual(key);
    expect(key).toEqual({ text: '{"asset":"BTC","venue":"a"}', hash: sha256Of(canonicalJson({ asset: 'BTC', venue: 'a' })) });
    expect(labelKeyOf({ asset: 'BTC' }).hash).not.toBe(key.hash);
  });

  it('is worked out once for labels in use, and again for those that gave way to others', () => {
    const labelKeyOf = createLabelKeys({ maxEntries: 10 });
    const [rare, common] = [labelKeyOf({ value: 'rare' }), labelKeyOf({ value: 'common' })];

    for (let value = 0; value < 100; value++) {
      expect(labelKeyOf({ value: 'common' })).toBe(common);
      labelKeyOf({ value: String(value) });
    }

    expect(labelKeyOf({ value: 'rare' })).toEqual(rare);
    expect(labelKeyOf({ value: 'rare' })).not.toBe(rare);
  });

  it('is not remembered for labels that are too long', () => {
    const labelKeyOf = createLabelKeys({ maxEntries: 10 });
    const long = { value: 'x'.repeat(400) };

    expect(labelKeyOf(long)).toEqual(labelKeyOf(long));
    expect(labelKeyOf(long)).not.toBe(labelKeyOf(long));
  });
});
