import { BatchResult, type BotStatus, type ConfigAck, DELTA_MIN_BYTES, HeartbeatResponse, KeySetResponse, type MetricPoint, type Sha256, type SigningKeySet } from '@trawling/contracts';
import { verifyKeySet } from '@trawling/crypto';
import { type z } from 'zod';
import { type BotHttp } from './bot-http.js';
import { type CallLog } from './call-log.js';
import { fetchConfig, type KnownConfig } from './fetch-config.js';
import { type FleetFile, type SimulatedIdentity } from './fleet-file.js';
import { PayloadRefused } from './verify-payload.js';

export type SimulatedBotDeps = {
  http: BotHttp;
  log: CallLog;
  now: () => Date;
  newId: () => string;
  rootPublicJwk: FleetFile['root_public_jwk'];
};

export type SimulatedBot = ReturnType<typeof createSimulatedBot>;

/** The names of the ten points of a batch. */
const METRICS = ['equity', 'cash', 'exposure', 'pnl_day', 'drawdown', 'positions', 'orders_open', 'cpu', 'memory', 'latency_ms'];

/** One bot as the protocol sees it: trusts what is signed, applies it at once, and says so. Every method throws CallFailed. */
export function createSimulatedBot(deps: SimulatedBotDeps, identity: SimulatedIdentity) {
  const { http, log, now } = deps;
  const bootId = deps.newId();
  const startedAt = now();
  const path = (call: string): string => `/bots/${identity.bot_id}/${call}`;
  let sequence = 0;
  let keySet: SigningKeySet | null = null;
  let applied: (KnownConfig & { heartbeatSeconds: number; pollSeconds: number }) | null = null;

  /** An answer that is not what the contract says is a finding, not a reason to stop. */
  function read<T>(schema: z.ZodType<T>, call: string, text: string): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      log.failed(`${call} not as the contract says`);
      throw error;
    }
  }

  async function fetchKeys(): Promise<void> {
    const answer = await http({ name: 'keys', method: 'GET', path: path('keys'), expect: [200] });
    const { key_set: jws } = read(KeySetResponse, 'keys', answer.text);
    keySet = await verifyKeySet({ jws, rootPublicJwk: deps.rootPublicJwk, minVersion: keySet?.version ?? 0 });
  }

  async function acknowledge(version: string, hash: Sha256): Promise<void> {
    const ack: ConfigAck = { version, hash, applied_at: now().toISOString(), outcome: 'applied' };
    await http({ name: 'config_ack', method: 'POST', path: path('config_ack'), body: ack, expect: [204] });
    log.count('applied');
  }

  async function fetchOnce(waitSeconds: number) {
    if (!keySet) await fetchKeys();
    const input = { botId: identity.bot_id, known: applied, waitSeconds };
    const trusted = (): SigningKeySet => keySet ?? { version: 0, issued_at: '', keys: [] };
    try {
      return await fetchConfig({ http, keySet: trusted }, input);
    } catch (error) {
      if (!(error instanceof PayloadRefused) || error.reason !== 'unknown-key') throw error;
      await fetchKeys();
      return fetchConfig({ http, keySet: trusted }, input);
    }
  }

  return {
    botId: identity.bot_id,
    applied: () => applied,

    /** Fetches what is newer, checks it, and acknowledges it as applied. */
    async look(waitSeconds: number): Promise<void> {
      try {
        const fetched = await fetchOnce(waitSeconds);
        if (!fetched) return;
        const { payload, text, delta } = fetched;
        log.count(delta ? 'verified deltas' : 'verified payloads');
        const { heartbeat_seconds: heartbeatSeconds, poll_seconds: pollSeconds } = payload.intervals;
        applied = { version: Number(payload.version), hash: payload.hash, text: text.length > DELTA_MIN_BYTES ? text : null, heartbeatSeconds, pollSeconds };
        await acknowledge(payload.version, payload.hash);
      } catch (error) {
        if (error instanceof PayloadRefused) log.failed(`config refused: ${error.reason}`);
        throw error;
      }
    },

    /** True when the server says that a newer config is there. */
    async beat(): Promise<boolean> {
      sequence += 1;
      const version = applied === null ? null : String(applied.version);
      const status: BotStatus = {
        boot_id: bootId,
        sequence,
        sent_at: now().toISOString(),
        agent_version: 'simulator',
        openclaw_version: '2026.9.6',
        uptime_seconds: Math.max(0, (now().getTime() - startedAt.getTime()) / 1000),
        applied_version: version,
        applied_hash: applied?.hash ?? null,
        last_seen_version: version,
        health: { status: 'healthy', details: {} },
        gateway: { state: 'ready', restarts: 0 },
        spool: { pending: 0, dropped_metrics: 0, dropped_events: 0 },
        clock_offset_ms: 0,
      };
      const answer = await http({ name: 'heartbeat', method: 'POST', path: path('heartbeat'), body: status, expect: [200, 409] });
      if (answer.status === 200) read(HeartbeatResponse, 'heartbeat', answer.text);
      return answer.status === 409;
    },

    /** Ten points of this moment. */
    async measure(): Promise<void> {
      const timestamp = now().toISOString();
      const points: MetricPoint[] = METRICS.map((name, index) => ({ name, timestamp, value: sequence + index, labels: {} }));
      const answer = await http({ name: 'metrics', method: 'POST', path: path('metrics'), body: points, expect: [200] });
      const { accepted, rejected } = read(BatchResult, 'metrics', answer.text);
      if (accepted !== points.length || rejected.length > 0) log.failed('metrics not all accepted');
    },
  };
}
