import { canonicalJson, sha256Of } from '@trawling/domain';
import { labelKeyOf } from './label-keys.js';

describe('the key of labels', () => {
  it('is the same for the same labels in whatever order, and for those only', () => {
    const key = labelKeyOf({ venue: 'a', asset: 'BTC' });

    expect(labelKeyOf({ asset: 'BTC', venue: 'a' })).toEqual(key);
    expect(key).toEqual({ text: '{"asset":"BTC","venue":"a"}', hash: sha256Of(canonicalJson({ asset: 'BTC', venue: 'a' })) });
    expect(labelKeyOf({ asset: 'BTC' }).hash).not.toBe(key.hash);
  });

  it('is right however many there are', () => {
    for (let value = 0; value < 10_100; value++) labelKeyOf({ value: String(value) });
    expect(labelKeyOf({ value: 'one more' })).toEqual({ text: '{"value":"one more"}', hash: sha256Of('{"value":"one more"}') });
  });
});
