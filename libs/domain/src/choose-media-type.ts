type Range = { type: string; q: number };

/**
 * Which of the media types that we have an Accept header wants most, by RFC 9110 section 12.5.1; null when it takes none
 * of them. Of those it wants equally the one it names more exactly wins, then the one that stands first in `offered`.
 * Parameters other than the weight are not looked at.
 */
export function chooseMediaType<T extends string>(accept: string | undefined, offered: readonly T[]): T | null {
  const ranges = accept === undefined || accept.trim() === '' ? [{ type: '*/*', q: 1 }] : accept.split(',').map(readRange).filter((range) => range !== null);
  const wanted = offered.map((type) => ({ type, ...weigh(type, ranges) })).filter(({ q }) => q > 0);
  wanted.sort((a, b) => b.q - a.q || b.exactness - a.exactness);
  return wanted[0]?.type ?? null;
}

/** The weight of the range that fits most exactly, as the RFC has it. */
function weigh(type: string, ranges: readonly Range[]): { q: number; exactness: number } {
  const names = ['*/*', `${type.split('/')[0] ?? ''}/*`, type];
  for (let exactness = names.length - 1; exactness >= 0; exactness -= 1) {
    const found = ranges.find((range) => range.type === names[exactness]);
    if (found) return { q: found.q, exactness };
  }
  return { q: 0, exactness: 0 };
}

/** Null for what is no range. */
function readRange(text: string): Range | null {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  if (!/^[^\s/]+\/[^\s/]+$/.test(type)) return null;
  const weight = parameters.map((parameter) => /^q\s*=\s*([\d.]+)$/.exec(parameter)?.[1]).find((value) => value !== undefined);
  const q = weight === undefined ? 1 : Number(weight);
  return q >= 0 && q <= 1 ? { type, q } : null;
}
