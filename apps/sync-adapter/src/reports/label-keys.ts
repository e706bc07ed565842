import { canonicalJson, sha256Of } from '@trawling/domain';

/** Labels as they are stored: canonical JSON, and the digest of it that is part of a point's key. */
export interface LabelKey {
  text: string;
  hash: string;
}

/** A fleet has few label sets, each sent a million times; what is beyond this is worked out each time it comes. */
const MAX_REMEMBERED = 10_000;
/** Characters of labels that are worth it. */
const MAX_LENGTH = 300;

const remembered = new Map<string, LabelKey>();

/** Pure: the same labels, in whatever order, have the same key. */
export function labelKeyOf(labels: Record<string, string>): LabelKey {
  const asSent = JSON.stringify(labels);
  const known = remembered.get(asSent);
  if (known) return known;
  const text = canonicalJson(labels);
  const key = { text, hash: sha256Of(text) };
  if (remembered.size < MAX_REMEMBERED && asSent.length <= MAX_LENGTH) remembered.set(asSent, key);
  return key;
}
