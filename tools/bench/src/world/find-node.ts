import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What production runs (docker/Dockerfile). */
const PRODUCTION_MAJOR = 24;

const Receipt = z.object({ node: z.string() });

export type NodeProgram = { path: string; version: string; isProduction: boolean };

/**
 * The Node that servers, baselines and load generator run on: this one when it is of production's line, else the one that
 * `npm start` has put into the cache for OpenClaw, else this one after all; say which.
 */
export function findNode(env: NodeJS.ProcessEnv): NodeProgram {
  const cache = env['OPENCLAW_RUNTIME_DIR'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'trawling-traders/openclaw-runtime');
  const found = [process.execPath, ...nodesOf(cache)].map(nodeAt).find((node) => node?.isProduction);
  return found ?? { path: process.execPath, version: process.version, isProduction: false };
}

function nodesOf(cache: string): string[] {
  try {
    return readdirSync(cache).flatMap((name) => {
      try {
        return [Receipt.parse(JSON.parse(readFileSync(join(cache, name, 'verified.json'), 'utf8'))).node];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function nodeAt(path: string): NodeProgram | null {
  try {
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
    return { path, version, isProduction: version.startsWith(`v${PRODUCTION_MAJOR}.`) };
  } catch {
    return null;
  }
}
