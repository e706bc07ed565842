/** The strong ETag of a hash. */
export const etagOf = (hash: string): string => `"${hash}"`;

/** What an If-None-Match header names: hashes without quotes and weakness mark, or `*`. RFC 9110 section 13.1.2. */
export function knownHashes(ifNoneMatch: string | undefined): string[] {
  if (ifNoneMatch === undefined) return [];
  if (ifNoneMatch.trim() === '*') return ['*'];
  return [...ifNoneMatch.matchAll(/(?:W\/)?"([^"]*)"/g)].map((match) => match[1] ?? '');
}
