import { CONFIG_PATCH_MEDIA_TYPE } from '@trawling/contracts';
import { noStore } from '../bot-route.js';

export const CONFIG_PATH = '/bots/:bot_id/config';

/** Of every answer about a config: whose it is and what it is, and that nothing in between may keep it. */
export const configHeaders = (hash: string) => configHeadersOf(etagOf(hash));

/** The same, when the ETag is at hand. Called for every poll: one literal, no spreading. */
export const configHeadersOf = (etag: string) => ({ 'Cache-Control': noStore['Cache-Control'], 'ETag': etag, 'Vary': 'Accept, Authorization' });

/** The strong ETag of a hash. */
export const etagOf = (hash: string): string => `"${hash}"`;

/** What an If-None-Match header names that can be a hash of ours, without quotes and weakness mark, or `*`. RFC 9110 section 13.1.2. */
export function knownHashes(ifNoneMatch: string | undefined): string[] {
  if (ifNoneMatch === undefined) return [];
  if (ifNoneMatch.trim() === '*') return ['*'];
  return [...ifNoneMatch.matchAll(/"(sha256:[0-9a-f]{64})"/g)].map((match) => match[1] ?? '').slice(0, MAX_KNOWN);
}

/** Nobody has more than a few. */
const MAX_KNOWN = 4;

/** Whether an Accept header names the patch itself: a wildcard does not ask for one. RFC 9110 section 12.5.1. */
export function takesPatch(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.split('=')[1];
    return type === CONFIG_PATCH_MEDIA_TYPE && (weight === undefined || Number(weight) > 0);
  });
}
