import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { belongsTo } from './markers.js';
import { commandLine, findByMarker, identify, signalProcess } from './process-table.js';
import { openRecords } from './records.js';
import { type StateDir } from './state-dir.js';

/** Kills everything of a state folder without asking: services, machines, embedded Postgres (which recovers by itself). */
export function forceStop(state: StateDir): void {
  const recorded = openRecords(state.processes).all();
  for (const found of [...recorded, ...findByMarker(belongsTo(state))]) if (found.pid !== process.pid) signalProcess(found, 'SIGKILL');
  const postgres = postmaster(state);
  // SIGQUIT is Postgres' immediate shutdown: it takes its own children with it.
  if (postgres) signalProcess(postgres, 'SIGQUIT');
}

/** Only a process that names this very data folder: the id in a file that a crash left behind may be anyone's by now. */
function postmaster(state: StateDir) {
  try {
    const pid = Number(readFileSync(join(state.postgres, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return commandLine(pid).join(' ').includes(`-D ${realpathSync(state.postgres)} `) ? identify(pid) : null;
  } catch {
    return null;
  }
}
