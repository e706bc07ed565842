/** Whether an If-None-Match names this ETag, or any with `*`; weakness does not matter. RFC 9110 section 13.1.2. */
export function namesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([opaque]) => opaque === etag.replace(/^W\//, ''));
}
