import { dirname } from 'node:path';
import { isInside } from '../hand/gateway-hand.js';
import { type Host, replaceFile } from '../host.js';
import { type MachinePaths } from './machine-paths.js';

/** So that the shared folder's group, which is the gateway's user, can read. */
const SHARED_MODE = 0o640;

/**
 * A machine where agent and gateway are two users. Each path is touched as the user it belongs to: the agent never
 * opens, follows or replaces anything in a folder that the gateway's user can change, and what it shares is written by
 * itself and readable there.
 */
export function createSystemdHost(own: Host, hand: Host, paths: Pick<MachinePaths, 'gatewayDirs' | 'shared'>): Host {
  const of = (path: string): Host => (paths.gatewayDirs.some((folder) => isInside(folder, path)) ? hand : own);
  return {
    readText: (path) => of(path).readText(path),
    fileSize: (path) => of(path).fileSize(path),
    writeAtomic: (path, text) => (dirname(path) === paths.shared ? replaceFile(path, text, SHARED_MODE) : of(path).writeAtomic(path, text)),
    list: (path) => of(path).list(path),
    append: (path, text) => of(path).append(path, text),
    truncate: (path, bytes) => of(path).truncate(path, bytes),
    remove: (path) => of(path).remove(path),
    ensureDir: (path) => of(path).ensureDir(path),
    // All the agent runs is OpenClaw's command line, which reads and writes files of the gateway's user.
    run: (file, args, options) => hand.run(file, args, options),
  };
}
