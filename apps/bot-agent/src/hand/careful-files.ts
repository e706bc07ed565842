import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { isErrorWithCode } from '@trawling/runtime';
import { appendTo, type Host, truncateAt } from '../host.js';
import { MAX_FILE_BYTES } from './hand-protocol.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/**
 * `host` for folders that an LLM can fill: nothing in them makes the one who looks wait (opening a FIFO holds a thread
 * until somebody writes, and a process with such a thread does not even exit), leads elsewhere, or fills the memory of
 * the one who asked. Throws for what is no regular file and for more than MAX_FILE_BYTES.
 */
export const carefulFiles = (host: Host): Host => ({
  ...host,

  readText: async (path) => {
    let file: FileHandle;
    try {
      file = await openRegular(path, O_RDONLY);
    } catch (error) {
      if (isErrorWithCode(error, 'ENOENT')) return null;
      throw error;
    }
    // One byte more than may come: files of /proc and files that grow have not the size they say.
    const data = await buffer(file.createReadStream({ end: MAX_FILE_BYTES }));
    if (data.length > MAX_FILE_BYTES) throw new Error(`${path} has more than ${MAX_FILE_BYTES} bytes`);
    return data.toString('utf8');
  },

  append: async (path, text) => appendTo(await openRegular(path, O_WRONLY | O_APPEND | O_CREAT), path, text),
  truncate: async (path, bytes) => truncateAt(await openRegular(path, O_RDWR), bytes),
});

async function openRegular(path: string, flags: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    // What O_NOFOLLOW says of a link, and opening for writing of a FIFO or a socket.
    if (isErrorWithCode(error, 'ELOOP', 'ENXIO', 'EISDIR')) throw new Error(`${path} is not a regular file`, { cause: error });
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error(`${path} is not a regular file`);
}
