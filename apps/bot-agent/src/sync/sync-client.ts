import {
  BatchResult,
  type BootReport,
  type BotEvent,
  type BotStatus,
  CONFIG_SIGNATURE_HEADER,
  type ConfigAck,
  type CronRunResult,
  type EnrollRequest,
  EnrollResponse,
  HeartbeatResponse,
  KeySetResponse,
  type MetricPoint,
  Problem,
  SealedSecrets,
  type Sha256,
} from '@trawling/contracts';
import { type z } from 'zod';
import { SyncError } from './sync-error.js';
import { parseJson, retryAfterMs, type SyncHttp } from './sync-http.js';

/** A payload is a few KB; extras of the owner may make it larger, but never this. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const MAX_SECRETS_BYTES = 2 * 1024 * 1024;

export type FetchedConfig = { kind: 'unchanged' } | { kind: 'payload'; text: string; signature: string };
export type HeartbeatAnswer = { updateAvailable: boolean; nextHeartbeatSeconds: number | null };
export type EnrollAnswer = { kind: 'accepted'; response: EnrollResponse } | { kind: 'pending'; retryAfterMs: number };

export interface SyncClient {
  enroll(request: EnrollRequest): Promise<EnrollAnswer>;
  /** Waits up to waitSeconds for something newer than `known`. */
  config(input: { known: Sha256 | null; waitSeconds: number; signal?: AbortSignal }): Promise<FetchedConfig>;
  keys(): Promise<KeySetResponse>;
  secrets(): Promise<SealedSecrets>;
  ack(ack: ConfigAck): Promise<void>;
  heartbeat(status: BotStatus): Promise<HeartbeatAnswer>;
  metrics(points: MetricPoint[]): Promise<BatchResult>;
  events(events: BotEvent[]): Promise<BatchResult>;
  cronResults(results: CronRunResult[]): Promise<BatchResult>;
  boot(report: BootReport): Promise<void>;
}

/** The sync-adapter's calls, answers parsed by the contracts. Throws SyncError. */
export function createSyncClient(http: SyncHttp, botId: string): SyncClient {
  const path = (call: string) => `/bots/${botId}/${call}`;
  const get = async <T>(schema: z.ZodType<T>, call: string, maxBytes: number): Promise<T> =>
    answer(schema, path(call), (await http({ method: 'GET', path: path(call), maxBytes })).data);
  const batch = async (call: string, body: unknown[]): Promise<BatchResult> =>
    answer(BatchResult, path(call), (await http({ method: 'POST', path: path(call), body })).data);

  return {
    enroll: async (body) => {
      const response = await http({ method: 'POST', path: path('enroll'), body, anonymous: true, timeoutMs: 30_000 });
      if (response.status === 202) return { kind: 'pending', retryAfterMs: retryAfterMs(response.headers['retry-after']) };
      return { kind: 'accepted', response: answer(EnrollResponse, path('enroll'), response.data) };
    },

    config: async ({ known, waitSeconds, signal }) => {
      const response = await http({
        method: 'GET',
        path: `${path('config')}${waitSeconds > 0 ? `?wait=${waitSeconds}` : ''}`,
        headers: known === null ? {} : { 'If-None-Match': `"${known}"` },
        maxBytes: MAX_CONFIG_BYTES,
        timeoutMs: waitSeconds * 1000 + 15_000,
        also: [304],
        ...(signal ? { signal } : {}),
      });
      if (response.status === 304) return { kind: 'unchanged' };
      const signature: unknown = response.headers[CONFIG_SIGNATURE_HEADER.toLowerCase()];
      return { kind: 'payload', text: response.data, signature: typeof signature === 'string' ? signature : '' };
    },

    keys: () => get(KeySetResponse, 'keys', MAX_SECRETS_BYTES),
    secrets: () => get(SealedSecrets, 'secrets', MAX_SECRETS_BYTES),
    ack: async (body) => void (await http({ method: 'POST', path: path('config_ack'), body })),

    heartbeat: async (body) => {
      const response = await http({ method: 'POST', path: path('heartbeat'), body, also: [409] });
      const parsed = parseJson(response.data);
      if (response.status !== 409)
        return { updateAvailable: false, nextHeartbeatSeconds: answer(HeartbeatResponse, path('heartbeat'), response.data).next_heartbeat_seconds };
      const problem = Problem.safeParse(parsed);
      if (problem.data?.code !== 'config-update-available')
        throw new SyncError({ kind: 'refused', status: 409, code: problem.data?.code ?? 'http-409', issues: [] }, 'heartbeat: 409');
      const next = HeartbeatResponse.shape.next_heartbeat_seconds.safeParse(problem.data['next_heartbeat_seconds']);
      return { updateAvailable: true, nextHeartbeatSeconds: next.success ? next.data : null };
    },

    metrics: (points) => batch('metrics', points),
    events: (events) => batch('events', events),
    cronResults: (results) => batch('webhook', results),
    boot: async (body) => void (await http({ method: 'POST', path: path('boot'), body })),
  };
}

/** An answer that is not what the contract says is no answer: proxies and captive portals also say 200. */
function answer<T>(schema: z.ZodType<T>, path: string, text: string): T {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new SyncError({ kind: 'unreachable' }, `${path}: the answer is not what the contract says`);
}
