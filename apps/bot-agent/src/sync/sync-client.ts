import {
  BatchResult,
  type BootReport,
  type BotEvent,
  type BotStatus,
  CONFIG_PATCH_MEDIA_TYPE,
  CONFIG_SIGNATURE_HEADER,
  type ConfigAck,
  type CronRunResult,
  DELTA_BASE_HEADER,
  type EnrollRequest,
  EnrollResponse,
  HeartbeatResponse,
  KeySetResponse,
  type MetricPoint,
  Problem,
  type RotateCredentialRequest,
  RotateCredentialResponse,
  SealedSecrets,
  type Sha256,
} from '@trawling/contracts';
import { type z } from 'zod';
import { ACCEPT_PATCH } from './config-base.js';
import { SyncError } from './sync-error.js';
import { parseJson, retryAfterMs, type SyncHttp } from './sync-http.js';

/** A payload is a few KB; extras of the owner may make it larger, but never this. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const MAX_SECRETS_BYTES = 2 * 1024 * 1024;

/** `patch`: an RFC 6902 text that makes the payload of the hash `base` the newest one; signature and ETag are the result's. */
export type ConfigAnswer =
  | { kind: 'unchanged' }
  | { kind: 'payload'; text: string; signature: string; etag: string }
  | { kind: 'patch'; patch: string; base: string; signature: string; etag: string };
/** `serverTime` is null when an answer that is good otherwise does not say it. */
export type HeartbeatAnswer = { updateAvailable: boolean; nextHeartbeatSeconds: number | null; serverTime: string | null };
export type RotateAnswer = { kind: 'registered' } | { kind: 'pending'; retryAfterMs: number };
export type EnrollAnswer = { kind: 'accepted'; response: EnrollResponse } | { kind: 'pending'; retryAfterMs: number };

export interface SyncClient {
  enroll(request: EnrollRequest): Promise<EnrollAnswer>;
  /** Waits up to waitSeconds for something newer than `known`; `acceptPatch` says that the payload of `known` is here. */
  config(input: { known: Sha256 | null; waitSeconds: number; acceptPatch?: boolean; signal?: AbortSignal }): Promise<ConfigAnswer>;
  keys(): Promise<KeySetResponse>;
  secrets(): Promise<SealedSecrets>;
  ack(ack: ConfigAck): Promise<void>;
  heartbeat(status: BotStatus): Promise<HeartbeatAnswer>;
  metrics(points: MetricPoint[]): Promise<BatchResult>;
  events(events: BotEvent[]): Promise<BatchResult>;
  cronResults(results: CronRunResult[]): Promise<BatchResult>;
  boot(report: BootReport): Promise<void>;
  rotateCredential(request: RotateCredentialRequest): Promise<RotateAnswer>;
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

    config: async ({ known, waitSeconds, acceptPatch = false, signal }) => {
      const response = await http({
        method: 'GET',
        path: `${path('config')}${waitSeconds > 0 ? `?wait=${waitSeconds}` : ''}`,
        headers: { ...(known === null ? {} : { 'If-None-Match': `"${known}"` }), ...(acceptPatch ? { Accept: ACCEPT_PATCH } : {}) },
        maxBytes: MAX_CONFIG_BYTES,
        timeoutMs: waitSeconds * 1000 + 15_000,
        also: [304],
        ...(signal ? { signal } : {}),
      });
      if (response.status === 304) return { kind: 'unchanged' };
      const header = (name: string) => String(response.headers[name.toLowerCase()] ?? '');
      const signature = header(CONFIG_SIGNATURE_HEADER);
      const etag = header('ETag');
      if (!header('Content-Type').startsWith(CONFIG_PATCH_MEDIA_TYPE)) return { kind: 'payload', text: response.data, signature, etag };
      return { kind: 'patch', patch: response.data, base: header(DELTA_BASE_HEADER).replaceAll('"', ''), signature, etag };
    },

    keys: () => get(KeySetResponse, 'keys', MAX_SECRETS_BYTES),
    secrets: () => get(SealedSecrets, 'secrets', MAX_SECRETS_BYTES),
    ack: async (body) => void (await http({ method: 'POST', path: path('config_ack'), body })),

    heartbeat: async (body) => {
      const response = await http({ method: 'POST', path: path('heartbeat'), body, also: [409] });
      if (response.status !== 409) {
        const { next_heartbeat_seconds, server_time } = answer(HeartbeatResponse, path('heartbeat'), response.data);
        return { updateAvailable: false, nextHeartbeatSeconds: next_heartbeat_seconds, serverTime: server_time };
      }
      const problem = Problem.safeParse(parseJson(response.data));
      if (problem.data?.code !== 'config-update-available')
        throw new SyncError({ kind: 'refused', status: 409, code: problem.data?.code ?? 'http-409', issues: [] }, 'heartbeat: 409');
      const next = HeartbeatResponse.shape.next_heartbeat_seconds.safeParse(problem.data['next_heartbeat_seconds']);
      const time = HeartbeatResponse.shape.server_time.safeParse(problem.data['server_time']);
      return { updateAvailable: true, nextHeartbeatSeconds: next.data ?? null, serverTime: time.data ?? null };
    },

    metrics: (points) => batch('metrics', points),
    events: (events) => batch('events', events),
    cronResults: (results) => batch('webhook', results),
    boot: async (body) => void (await http({ method: 'POST', path: path('boot'), body })),

    rotateCredential: async (body) => {
      const call = path('credentials/rotate');
      const response = await http({ method: 'POST', path: call, body, timeoutMs: 30_000 });
      if (response.status === 202) return { kind: 'pending', retryAfterMs: retryAfterMs(response.headers['retry-after']) };
      answer(RotateCredentialResponse, call, response.data);
      return { kind: 'registered' };
    },
  };
}

/** An answer that is not what the contract says is no answer: proxies and captive portals also say 200. */
function answer<T>(schema: z.ZodType<T>, path: string, text: string): T {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new SyncError({ kind: 'unreachable' }, `${path}: the answer is not what the contract says`);
}
