import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrorWithCode } from '@trawling/runtime';

/**
 * The only access to the file system and to other processes; everything else of the agent takes this. Where agent and
 * gateway are two users, each path is touched as the user it belongs to (createSystemdHost).
 */
export interface Host {
  /** Null when there is no such file. */
  readText(path: string): Promise<string | null>;
  /** Bytes; null when there is no such file. */
  fileSize(path: string): Promise<number | null>;
  /** A reader sees the old content or the new one, also after a power cut. Files are 0600. */
  writeAtomic(path: string, text: string): Promise<void>;
  /** Names in a folder; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Appends and waits until it is on the disk; a new file survives a power cut, too. */
  append(path: string, text: string): Promise<void>;
  /** Cuts a file off after so many bytes and waits until that is on the disk. */
  truncate(path: string, bytes: number): Promise<void>;
  /** A file that is not there is removed. */
  remove(path: string): Promise<void>;
  /** With 0700. */
  ensureDir(path: string): Promise<void>;
  /** Runs a program to its end; killed after timeoutMs, then the code is null. */
  run(file: string, args: string[], options: { env: Record<string, string>; timeoutMs: number }): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const PRIVATE_MODE = 0o600;
const MAX_OUTPUT = 4 * 1024 * 1024;
const isNotFound = (error: unknown): boolean => isErrorWithCode(error, 'ENOENT');

export const realHost: Host = {
  readText: async (path) => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  },

  fileSize: async (path) => {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  },

  writeAtomic: (path, text) => replaceFile(path, text, PRIVATE_MODE),

  list: async (path) => {
    try {
      return await readdir(path);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  },

  append: async (path, text) => appendTo(await open(path, 'a', PRIVATE_MODE), path, text),

  truncate: async (path, bytes) => truncateAt(await open(path, 'r+'), bytes),

  remove: async (path) => {
    try {
      await unlink(path);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  },

  ensureDir: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),

  run: (file, args, { env, timeoutMs }) =>
    new Promise((resolve) => {
      execFile(file, args, { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      });
    }),
};

/** Host.append to an open file; closes it. */
export async function appendTo(file: FileHandle, path: string, text: string): Promise<void> {
  let isNew: boolean;
  try {
    isNew = (await file.stat()).size === 0;
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  if (isNew) await syncDirectory(dirname(path));
}

/** Host.truncate of an open file; closes it. */
export async function truncateAt(file: FileHandle, bytes: number): Promise<void> {
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A reader sees the old content or the new one, also after a power cut. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', PRIVATE_MODE);
    try {
      await file.writeFile(text);
      // Whatever the process's umask takes away.
      if (mode !== PRIVATE_MODE) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // A disk that is full must not fill with what did not fit.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** So that the rename itself survives a power cut; not every file system lets directories be opened. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | null = null;
  try {
    directory = await open(path, 'r');
    await directory.sync();
  } catch {
    return;
  } finally {
    await directory?.close();
  }
}
