import { createKeyring, Ed25519PrivateJwk, type Keyring } from '@trawling/crypto';
import { openDatabase, type Database } from '@trawling/database';
import { type EnvSource, parseEnv, systemClock, uuid7 } from '@trawling/runtime';
import { InvalidArgumentError } from 'commander';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type z } from 'zod';
import { AdminEnv } from '../env.js';

/** What the command line needs of its process; tests pass their own. `note` is for people who wait, apart from the result. */
export type AdminHost = { version: string; env: EnvSource; print: (line: string) => void; note: (line: string) => void };

export type AdminDeps = Pick<Database, 'transaction'> & {
  keyring: Keyring;
  now: () => Date;
  newId: () => string;
  randomBytes: (size: number) => Buffer;
};

/** `failed`: what could not be done although the rest was; the command then ends with an error that lists it. */
export type AdminOutcome = { result: object; text: string; failed?: string[] };

/** Of every command that has a result. */
export const JSON_OPTION = ['--json', 'print one JSON object'] as const;

const LISTED = 20;

/** Opens what a command needs, prints its result as text or JSON, and closes again. */
export async function runAdmin(host: AdminHost, json: true | undefined, action: (deps: AdminDeps) => Promise<AdminOutcome>): Promise<void> {
  const env = parseEnv(AdminEnv, host.env);
  const database = await openDatabase({ url: env.DATABASE_URL, poolSize: 2 });
  try {
    const keyring = createKeyring(env.MASTER_KEYS);
    const deps = { transaction: database.transaction, keyring, now: systemClock.now, newId: uuid7, randomBytes };
    const { result, text, failed = [] } = await action(deps);
    host.print(json ? JSON.stringify(result) : text);
    if (failed.length > 0) {
      const more = failed.length > LISTED ? [`and ${failed.length - LISTED} more`] : [];
      throw new Error(['MASTER_KEYS does not open:', ...failed.slice(0, LISTED), ...more].join('\n  '));
    }
  } finally {
    await database.close();
  }
}

/** For commander, which names the option: a value that a schema refuses is told in words. */
export const parsedBy =
  <S extends z.ZodType>(Schema: S, expected: string) =>
  (text: string): z.output<S> => {
    const parsed = Schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };

/** The root key from its file, which the command reads once and stores nowhere. Its content never reaches a message. */
export function readRootKey(file: string): Ed25519PrivateJwk {
  const text = readTextOrSay(file);
  try {
    return Ed25519PrivateJwk.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} holds no private Ed25519 JWK`);
  }
}

function readTextOrSay(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
