import { crc32 } from 'node:zlib';

/** One line per record: CRC-32 of the JSON as eight hex digits, a space, the JSON. JSON text has no line breaks of its own. */
export function encodeRecord(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/**
 * The whole records of a file, in order. What a crash cut off or the disk corrupted fails its checksum and costs only
 * itself; `damaged` counts such lines.
 */
export function decodeRecords(text: string): { values: unknown[]; damaged: number } {
  const values: unknown[] = [];
  let damaged = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const json = line.slice(9);
    if (line[8] === ' ' && line.slice(0, 8) === checksum(json)) values.push(JSON.parse(json));
    else damaged += 1;
  }
  return { values, damaged };
}

const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0');
