import { open, readFile } from 'node:fs/promises';

const CHUNK = 8 * 1024 * 1024;

/**
 * Which of these byte strings are anywhere in the writable memory of a process: what whoever captures it holds in hands.
 * Linux only (/proc), for a process of the same user that is a descendant of ours.
 */
export async function findInMemory(pid: number, needles: ReadonlyMap<string, Buffer>): Promise<{ found: string[]; bytesRead: number }> {
  const overlap = Math.max(...[...needles.values()].map((needle) => needle.length));
  const found = new Set<string>();
  let bytesRead = 0;
  const memory = await open(`/proc/${pid}/mem`, 'r');
  try {
    for (const { from, to } of await writableRegions(pid)) {
      for (let at = from; at < to; at += CHUNK) {
        const buffer = Buffer.alloc(Math.min(CHUNK + overlap, to - at));
        // A region may be gone by now, and guard pages cannot be read.
        const read = await memory.read(buffer, 0, buffer.length, at).catch(() => null);
        if (!read) continue;
        bytesRead += read.bytesRead;
        const part = buffer.subarray(0, read.bytesRead);
        for (const [name, needle] of needles) if (part.includes(needle)) found.add(name);
      }
    }
  } finally {
    await memory.close();
  }
  return { found: [...found].sort(), bytesRead };
}

async function writableRegions(pid: number): Promise<{ from: number; to: number }[]> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)].map(([, from = '', to = '']) => ({ from: parseInt(from, 16), to: parseInt(to, 16) }));
}

/** A secret text as it could lie in a process: plain, as JavaScript keeps it, and encoded; for key material also the bytes it stands for. */
export function spellings(name: string, secret: string, isKey = false): [string, Buffer][] {
  const bytes = Buffer.from(secret);
  const forms: [string, Buffer][] = [
    ['plain', bytes],
    ['utf16', Buffer.from(secret, 'utf16le')],
    ['base64', Buffer.from(bytes.toString('base64').replace(/=+$/, '').slice(0, -1))],
    ['base64url', Buffer.from(bytes.toString('base64url').slice(0, -1))],
    ['hex', Buffer.from(bytes.toString('hex'))],
  ];
  if (isKey) forms.push(['raw', Buffer.from(secret, 'base64url')], ['raw hex', Buffer.from(Buffer.from(secret, 'base64url').toString('hex'))]);
  return forms.map(([form, needle]) => [`${name} (${form})`, needle]);
}
