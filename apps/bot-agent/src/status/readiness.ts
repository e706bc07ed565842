import { join } from 'node:path';
import { leaseSeconds } from '@trawling/domain';
import { type Clock } from '@trawling/runtime';
import { type Host } from '../host.js';

export type Check = { ok: boolean; detail?: string };

export interface ReadinessDeps {
  /** This machine speaks for its bot. */
  enrolled(): boolean;
  /** Asked over HTTP, as anybody would. */
  gatewayIsReady(): Promise<boolean>;
  /** The connection that configs are applied over. */
  gatewayIsConnected(): boolean;
  /** Since the sync-adapter last answered a heartbeat; null before it did. */
  silentSeconds(): number | null;
  heartbeatSeconds(): number;
  /** Where reports wait. */
  host: Pick<Host, 'writeAtomic' | 'remove'>;
  agentDir: string;
  /** The disk took nothing of late: reports wait in memory. */
  diskRefuses(): boolean;
  clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
}

const PROBE_FILE = 'readiness-probe';
/** Whoever is on the machine may ask as often as it likes; disk and gateway are asked at most this often. Milliseconds. */
const FRESH_MS = 1_000;
/** A disk that hangs, or a gateway, is answered for. Milliseconds. */
const PATIENCE_MS = 5_000;

/** Looks whether the agent can do its work; callers that ask at once get one answer. Never rejects. */
export function createReadiness(deps: ReadinessDeps): () => Promise<Record<string, Check>> {
  let last: { atMs: number; checks: Promise<Record<string, Check>> } | null = null;
  return () => {
    const nowMs = deps.clock.monotonicMs();
    if (last === null || nowMs - last.atMs >= FRESH_MS) last = { atMs: nowMs, checks: look(deps) };
    return last.checks;
  };
}

async function look(deps: ReadinessDeps): Promise<Record<string, Check>> {
  const [gateway, spool] = await Promise.all([inTime(deps, checkGateway(deps)), inTime(deps, checkSpool(deps))]);
  return { enrolled: when(deps.enrolled(), 'this machine does not speak for its bot'), gateway, sync_adapter: checkContact(deps), spool };
}

async function inTime({ clock }: ReadinessDeps, check: Promise<Check>): Promise<Check> {
  const answered = new AbortController();
  const late = clock.sleep(PATIENCE_MS, answered.signal).then(() => when(false, `did not answer within ${PATIENCE_MS / 1000} seconds`));
  try {
    return await Promise.race([check, late]);
  } finally {
    answered.abort();
  }
}

async function checkGateway(deps: ReadinessDeps): Promise<Check> {
  if (!(await deps.gatewayIsReady().catch(() => false))) return { ok: false, detail: 'does not answer that it is ready' };
  return when(deps.gatewayIsConnected(), 'answers, but the agent is not connected');
}

/** As old as a lease: then the control plane calls the bot offline as well. */
function checkContact(deps: ReadinessDeps): Check {
  const silent = deps.silentSeconds();
  if (silent === null) return { ok: false, detail: 'has not answered a heartbeat yet' };
  return when(silent <= leaseSeconds(deps.heartbeatSeconds()), `last answered a heartbeat ${Math.round(silent)} seconds ago`);
}

async function checkSpool({ host, agentDir, diskRefuses }: ReadinessDeps): Promise<Check> {
  const file = join(agentDir, PROBE_FILE);
  try {
    await host.writeAtomic(file, '');
    await host.remove(file);
  } catch {
    return { ok: false, detail: 'the disk takes nothing' };
  }
  return when(!diskRefuses(), 'some reports are in memory only');
}

const when = (ok: boolean, detail: string): Check => (ok ? { ok } : { ok, detail });
