import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findByMarker, identify, signalProcess } from './process-table.js';
import { openRecords } from './records.js';
import { type StateDir } from './state-dir.js';

/** Kills everything of a state folder without asking: services, machines, embedded Postgres (which recovers by itself). */
export function forceStop(state: StateDir): void {
  const marker = `TRAWLING_STATE=${state.root}`;
  const recorded = openRecords(state.processes).all();
  for (const process of [...recorded, ...findByMarker((entry) => entry === marker)]) signalProcess(process, 'SIGKILL');
  const postgres = postmaster(state);
  // SIGQUIT is Postgres' immediate shutdown: it takes its own children with it.
  if (postgres) signalProcess(postgres, 'SIGQUIT');
}

function postmaster(state: StateDir) {
  try {
    const found = identify(Number(readFileSync(join(state.postgres, 'postmaster.pid'), 'utf8').split('\n')[0]));
    return found;
  } catch {
    return null;
  }
}
