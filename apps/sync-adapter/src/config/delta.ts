import { DELTA_MIN_BYTES } from '@trawling/contracts';
import { compare } from 'fast-json-patch';
import { createBoundedMap } from '../memory/bounded-map.js';

export interface Snapshot {
  hash: string;
  payload: string;
}

export interface Delta {
  /** Hash of the snapshot it starts from. */
  base: string;
  /** An RFC 6902 patch as JSON text. */
  patch: string;
}

export interface DeltasDeps {
  /** The newest of these snapshots that is still kept. */
  findSnapshot: (botId: string, hashes: readonly string[]) => Promise<Snapshot | null>;
  /** Bytes of patches kept for who asks again. */
  maxBytes: number;
}

export interface DeltaInput {
  botId: string;
  known: readonly string[];
  target: Snapshot;
}

/** Operations a receiver accepts (JsonPatch in the contracts). */
const MAX_OPERATIONS = 10_000;
/** Comparing two payloads of 200 KB takes milliseconds in which nothing else runs: who comes to a long queue gets the full payload. */
const MAX_WAITING = 32;

/**
 * Patches from what a bot has to what it should have. Null when there is none worth sending: the payload is small, no
 * snapshot of the bot is kept any more, the patch is no smaller, or too many are being made.
 */
export function createDeltas(deps: DeltasDeps): (input: DeltaInput) => Promise<Delta | null> {
  const made = createBoundedMap<Delta>({ maxCost: deps.maxBytes, costOf: ({ patch }, key) => patch.length + key.length + 200 });
  const making = new Map<string, Promise<Delta | null>>();
  let last: Promise<unknown> = Promise.resolve();

  /** One at a time, with a turn of the loop between two. */
  const inTurn = (make: () => Promise<Delta | null>): Promise<Delta | null> => {
    const turn = last.then(() => new Promise((resolve) => setImmediate(resolve))).then(make);
    last = turn.catch(() => undefined);
    return turn;
  };

  /** By the base it starts from, not by what was asked with: a caller may name much that was never there. */
  const keyOf = ({ botId, target }: DeltaInput, base: string): string => [botId, target.hash, base].join(' ');
  const findMade = (input: DeltaInput): Delta | undefined => {
    for (const hash of input.known) {
      const delta = made.get(keyOf(input, hash));
      if (delta) return delta;
    }
    return undefined;
  };

  const make = async (input: DeltaInput): Promise<Delta | null> => {
    const base = await deps.findSnapshot(input.botId, input.known);
    const delta = base && (made.get(keyOf(input, base.hash)) ?? deltaBetween(base, input.target));
    if (delta) made.set(keyOf(input, delta.base), delta);
    return delta;
  };

  return async (input) => {
    const { botId, known, target } = input;
    const ready = findMade(input);
    if (ready) return ready;
    if (known.length === 0 || Buffer.byteLength(target.payload) <= DELTA_MIN_BYTES) return null;
    const key = [botId, target.hash, ...known].join(' ');
    const underWay = making.get(key);
    if (underWay) return underWay;
    if (making.size >= MAX_WAITING) return null;
    const delta = inTurn(() => make(input)).finally(() => making.delete(key));
    making.set(key, delta);
    return delta;
  };
}

/** Null when the patch would be no smaller than the payload. */
export function deltaBetween(base: Snapshot, target: Snapshot): Delta | null {
  const from: unknown = JSON.parse(base.payload);
  const to: unknown = JSON.parse(target.payload);
  if (!isObject(from) || !isObject(to)) return null;
  const operations = compare(from, to);
  const patch = JSON.stringify(operations);
  const isWorthIt = operations.length <= MAX_OPERATIONS && Buffer.byteLength(patch) < Buffer.byteLength(target.payload);
  return isWorthIt ? { base: base.hash, patch } : null;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
