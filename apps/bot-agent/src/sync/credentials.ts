import { Timestamp, Uuid } from '@trawling/contracts';
import { hashToken, makeToken } from '@trawling/crypto';
import { type Clock, type Logger, uuid7 } from '@trawling/runtime';
import { z } from 'zod';
import { type Host } from '../host.js';
import { openJsonFile } from '../state/json-file.js';

const Credential = z.object({ id: Uuid, credential: z.string() });
export type Credential = z.infer<typeof Credential>;

const Stored = z.object({
  /** Worked last. */
  current: Credential,
  /** When it became the current one. */
  since: Timestamp,
  /** What the current one replaced: a server whose database was restored from an older dump knows only that. */
  previous: Credential.nullable(),
  /** Made here; `registered` once the server said that its first use makes it the credential. */
  candidate: Credential.extend({ registered: z.boolean() }).nullable(),
});
type Stored = z.infer<typeof Stored>;

export interface Credentials {
  /** In the order in which to try them: the next one after a 401 with the one before. */
  inOrder(): string[];
  /** False while all of them were refused the last time. */
  good(): boolean;
  /** What one call taught: which were answered with 401, and which with anything else. Never rejects. */
  settle(seen: { worked: string | null; refused: readonly string[] }): Promise<void>;
  since(): Date;
  /** Of the current one. */
  id(): string;
  /** The candidate, made and on the disk before anybody hears of it. */
  candidate(): Promise<Credential & { registered: boolean; hash: string }>;
  /** There is one that the server has not confirmed; `registered`: one that waits for its first use. */
  rotation(): 'none' | 'begun' | 'registered';
  register(id: string): Promise<void>;
  dropCandidate(): Promise<void>;
}

export interface CredentialsDeps {
  host: Host;
  path: string;
  /** The file that says "enrolled" to the supervisor; holds the current credential. */
  enrolledPath: string;
  /** What this machine enrolled with. */
  first: Credential;
  clock: Clock;
  randomBytes(size: number): Uint8Array;
  logger: Logger;
  /** Another one is the current one, or they are good again. */
  onChange(): void;
}

/**
 * The machine's credentials during a rotation. Each step is on the disk before the next one can be seen from outside,
 * so whenever the agent dies, one of those stored is the one the server takes.
 */
export async function openCredentials(deps: CredentialsDeps): Promise<Credentials> {
  const file = await openJsonFile(deps.host, deps.path, Stored);
  let state: Stored = file.current() ?? { current: deps.first, since: deps.clock.now().toISOString(), previous: null, candidate: null };
  let good = true;
  let writing: Promise<void> = Promise.resolve();

  const showOutside = async () => {
    const shown = await deps.host.readText(deps.enrolledPath);
    if (shown !== null && shown !== state.current.credential) await deps.host.writeAtomic(deps.enrolledPath, state.current.credential);
  };

  /** In memory once it is on the disk; one change after the other. */
  const change = (make: (before: Stored) => Stored): Promise<void> => {
    const done = writing.then(async () => {
      const next = make(state);
      if (next === state) return;
      await file.write(next);
      const moved = next.current.id !== state.current.id;
      state = next;
      if (moved) await showOutside();
    });
    writing = done.catch(() => undefined);
    return done;
  };

  const promote = (before: Stored, worked: string): Stored => {
    const since = deps.clock.now().toISOString();
    if (before.candidate?.credential === worked) {
      const { id, credential } = before.candidate;
      return { current: { id, credential }, since, previous: before.current, candidate: null };
    }
    if (before.previous?.credential === worked) return { ...before, current: before.previous, since, previous: before.current };
    return before;
  };

  if (file.current() === null) await file.write(state);
  await showOutside();

  return {
    inOrder: () => {
      const { candidate, current, previous } = state;
      const order = candidate?.registered ? [candidate, current, previous] : [current, candidate, previous];
      return order.flatMap((one) => (one ? [one.credential] : []));
    },
    good: () => good,
    settle: async ({ worked, refused }) => {
      const recovered = !good && worked !== null;
      good = worked !== null;
      if (recovered) deps.onChange();
      if (worked === null || (worked === state.current.credential && refused.length === 0)) return;
      try {
        await change((before) => {
          const next = promote(before, worked);
          const forgotten = next.candidate?.registered === true && refused.includes(next.candidate.credential);
          return forgotten && next.candidate ? { ...next, candidate: { ...next.candidate, registered: false } } : next;
        });
        deps.logger.info({ credential_id: state.current.id }, 'credential in use');
        deps.onChange();
      } catch (error) {
        // What was on the disk still holds the one that works.
        deps.logger.warn({ err: error }, 'the change of credentials could not be written');
      }
    },
    since: () => new Date(state.since),
    id: () => state.current.id,
    candidate: async () => {
      await change((before) => {
        if (before.candidate) return before;
        const id = uuid7();
        return { ...before, candidate: { id, credential: makeToken('ttb', id, deps.randomBytes), registered: false } };
      });
      if (!state.candidate) throw new Error('there is no candidate');
      return { ...state.candidate, hash: hashToken(state.candidate.credential) };
    },
    rotation: () => (state.candidate === null ? 'none' : state.candidate.registered ? 'registered' : 'begun'),
    register: (id) =>
      change((before) => (before.candidate?.id === id ? { ...before, candidate: { ...before.candidate, registered: true } } : before)),
    dropCandidate: () => change((before) => (before.candidate ? { ...before, candidate: null } : before)),
  };
}
