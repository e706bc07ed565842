import { canonicalJson, sha256Of } from '@trawling/domain';
import { createBoundedMap } from '../memory/bounded-map.js';

/** Labels as they are stored: canonical JSON, and the digest of it that is part of a point's key. */
export interface LabelKey {
  text: string;
  hash: string;
}

/** The same labels, in whatever order, have the same key. */
export type LabelKeyOf = (labels: Record<string, string>) => LabelKey;

/** Characters of labels that are worth remembering. */
const MAX_LENGTH = 300;

/**
 * A fleet has few label sets, each sent a million times: the last `maxEntries` in use are remembered, the others are
 * worked out each time they come.
 */
export function createLabelKeys(options: { maxEntries: number }): LabelKeyOf {
  const remembered = createBoundedMap<LabelKey>({ maxCost: options.maxEntries });

  return (labels) => {
    const asSent = JSON.stringify(labels);
    const known = remembered.get(asSent);
    if (known) return known;
    const text = canonicalJson(labels);
    const key = { text, hash: sha256Of(text) };
    if (asSent.length <= MAX_LENGTH) remembered.set(asSent, key);
    return key;
  };
}
