import { CONFIG_PATCH_MEDIA_TYPE, DELTA_MIN_BYTES } from '@trawling/contracts';
import { compare } from 'fast-json-patch';

export interface TestDelta {
  remember(hash: string, text: string): void;
  /** The difference when it is asked for, its base is known and it pays; else null. */
  patchFor(input: { accept: string; base: string; text: string }): string | null;
  /** Changes the next patches, as a defective or hostile server would. */
  tamper(change: ((patch: string) => string) | null): void;
}

/** The server's side of the delta. */
export function createTestDelta(): TestDelta {
  const texts = new Map<string, string>();
  let change: ((patch: string) => string) | null = null;
  return {
    remember: (hash, text) => void texts.set(hash, text),
    tamper: (next) => (change = next),
    patchFor: ({ accept, base, text }) => {
      const from = texts.get(base);
      if (from === undefined || !accept.includes(CONFIG_PATCH_MEDIA_TYPE) || text.length <= DELTA_MIN_BYTES) return null;
      const patch = JSON.stringify(compare(JSON.parse(from), JSON.parse(text)));
      return change ? change(patch) : patch;
    },
  };
}
