import { hash } from 'node:crypto';
import type { Sha256 } from '@trawling/contracts';
import canonicalize from 'canonicalize';
import { jsonProblems } from './json-problems.js';

/**
 * RFC 8785 text of a JSON value: the same value gives the same bytes everywhere. Members that are `undefined` are
 * left out. Throws TypeError for what has no canonical form: NaN, Infinity, lone surrogates, a function.
 */
export function canonicalJson(value: unknown): string {
  const surrogate = jsonProblems(value, { maxDepth: Infinity }).find((p) => p.kind === 'surrogate');
  if (surrogate) throw new TypeError(`No canonical JSON: ${surrogate.path}: ${surrogate.message}`);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError(`No canonical JSON for ${typeof value}`);
  return text;
}

/** SHA-256 over the bytes, or over the UTF-8 form of a text. */
export function sha256Of(content: string | Uint8Array): Sha256 {
  return `sha256:${hash('sha256', content, 'hex')}`;
}

/**
 * The hash of a config payload: over its canonical JSON without the member `hash`, which may be there or not.
 * Give it the JSON as received, not after a zod parse: a parse drops fields that a newer control plane added.
 */
export function payloadHash(payload: object): Sha256 {
  const content: Record<string, unknown> = { ...payload };
  delete content['hash'];
  return sha256Of(canonicalJson(content));
}
