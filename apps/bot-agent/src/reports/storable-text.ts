/** Text as every database takes it: no NUL, no half of a surrogate pair, not longer than `max` UTF-16 units. */
export function storableText(text: string, max: number): string {
  return text.replaceAll('\0', '').slice(0, max).replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}
