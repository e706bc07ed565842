import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  BootReport,
  BotEvent,
  type BotConfigPayload,
  BotStatus,
  CONFIG_PATCH_MEDIA_TYPE,
  CONFIG_SIGNATURE_HEADER,
  ConfigAck,
  CronRunResult,
  DELTA_BASE_HEADER,
  EnrollRequest,
  MetricPoint,
  type ProblemCode,
  problems,
  RotateCredentialRequest,
  type SealedSecretPayload,
  type Sha256,
} from '@trawling/contracts';
import {
  generateEd25519,
  hashToken,
  makeToken,
  parseToken,
  sealSecret,
  signConfig,
  signKeySet,
  verifyEnrollRequest,
  verifyRotateCredentialRequest,
} from '@trawling/crypto';
import { sha256Of } from '@trawling/domain';
import { z } from 'zod';
import { createTestDelta, type TestDelta } from './test-delta.js';
import { serveStream, type TestStream } from './test-stream.js';

/** Overrides the next answers of a call: a status with a problem code, or `hang` for no answer at all. */
export type Fault = { code: ProblemCode; retryAfter?: string } | 'hang';

export interface TestSyncAdapter {
  url: string;
  botId: string;
  rootPublicJwk: z.infer<typeof EnrollRequest>['identity_key'];
  /** For the machine's enrollment-token file. */
  enrollmentToken: string;
  acks: ConfigAck[];
  heartbeats: BotStatus[];
  events: BotEvent[];
  metrics: MetricPoint[];
  cronResults: CronRunResult[];
  boots: BootReport[];
  /** Calls as `METHOD path`, refused ones included. */
  calls: string[];
  enrolled(): EnrollRequest | null;
  stream: TestStream;
  delta: TestDelta;
  /** Config requests that asked to wait. */
  readonly longPolls: number;
  /** Config answers with a body: what kind, and how many bytes. */
  bodies: { kind: 'payload' | 'patch'; bytes: number }[];
  /** SHA-256 of the credentials that are good, the older one first: two while a rotation is under way. */
  credentialHashes(): string[];
  /** Forgets what was rotated, as a database restored from an older dump does. */
  restoreCredentials(): void;
  /** Makes this the desired config. */
  publish(payload: BotConfigPayload): Promise<void>;
  /** Serves this text with this signature instead. */
  publishRaw(text: string, hash: string, signature: string): void;
  putSecret(secret: Omit<SealedSecretPayload, 'bot_id'>): void;
  /** Serves this build of the agent under its digest. */
  putAgentBuild(content: string): Sha256;
  /** Replaces the signing key; the key set gets the next version. */
  rotateSigningKey(options?: { publishKeySet: boolean }): Promise<void>;
  /** Serves this as the key set. */
  serveKeySet(jws: string): void;
  fault(call: string, fault: Fault | null): void;
  /** From now on the server's time is ahead of this machine's by so much: as if the machine's clock were behind. */
  setClockAhead(ms: number): void;
  close(): Promise<void>;
}

/**
 * The sync-adapter's calls as the contracts have them: every request is parsed by its schema, enrollments and
 * credentials are really checked, configs really signed. Keeps everything in memory.
 */
export async function startTestSyncAdapter(botId: string = randomUUID()): Promise<TestSyncAdapter> {
  const root = generateEd25519();
  let signing = { kid: 'k1', ...generateEd25519() };
  let keySetVersion = 1;
  const makeKeySet = () =>
    signKeySet({
      keySet: { version: keySetVersion, issued_at: new Date().toISOString(), keys: [{ kid: signing.kid, jwk: signing.publicJwk }] },
      rootPrivateJwk: root.privateJwk,
    });
  let keySet = await makeKeySet();
  const enrollmentToken = makeToken('tte', randomUUID(), randomBytes);
  let enrolled: EnrollRequest | null = null;
  let desired: { text: string; hash: string; signature: string; version: number } | null = null;
  const secrets = new Map<string, Omit<SealedSecretPayload, 'bot_id'>>();
  const builds = new Map<string, string>();
  const faults = new Map<string, Fault>();
  let aheadMs = 0;
  const waiting = new Set<() => void>();
  const store = { acks: [] as ConfigAck[], heartbeats: [] as BotStatus[], events: [] as BotEvent[], metrics: [] as MetricPoint[], cronResults: [] as CronRunResult[], boots: [] as BootReport[] };
  const calls: string[] = [];
  const delta = createTestDelta();
  const bodies: TestSyncAdapter['bodies'] = [];
  let longPolls = 0;
  let credentials: { id: string; hash: string }[] = [];

  /** The first use of a candidate makes it the credential. */
  const accepts = (credential: string): boolean => {
    const used = credentials.findIndex(({ hash }) => hash === hashToken(credential));
    if (used > 0) credentials = credentials.slice(used);
    return used >= 0;
  };

  const rotate = async (response: ServerResponse, body: unknown) => {
    const request = RotateCredentialRequest.parse(body);
    const proven = enrolled && (await verifyRotateCredentialRequest({ request, identityJwk: enrolled.identity_key }));
    if (!proven || credentials[0]?.id !== request.replaces) return problem(response, 'rotation-refused');
    credentials = [credentials[0], { id: request.credential_id, hash: request.credential_hash }];
    send(response, 201, { credential_id: request.credential_id });
  };

  const problem = (response: ServerResponse, code: ProblemCode, extra: object = {}, headers: Record<string, string> = {}) =>
    send(response, problems[code].status, { type: 'about:blank', title: problems[code].title, status: problems[code].status, code, ...extra }, headers);

  const batch = <T extends { id: string } | MetricPoint>(response: ServerResponse, schema: z.ZodType<T>, kept: T[], body: unknown) => {
    const items = z.array(schema).parse(body);
    const fresh = items.filter((item) => !('id' in item) || !kept.some((one) => 'id' in one && one.id === item.id));
    kept.push(...fresh);
    send(response, 200, { accepted: fresh.length, duplicates: items.length - fresh.length, rejected: [] });
  };

  const config = async (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => {
    const isKnown = () => desired === null || request.headers['if-none-match'] === `"${desired.hash}"`;
    const wait = Number(query.get('wait') ?? 0);
    if (wait > 0) longPolls += 1;
    if (isKnown() && wait > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait * 1000);
        waiting.add(() => (clearTimeout(timer), resolve()));
        request.once('close', () => (clearTimeout(timer), resolve()));
      });
    }
    if (desired === null) return problem(response, 'bot-not-found');
    if (isKnown()) return void response.writeHead(304, { ETag: `"${desired.hash}"` }).end();
    const base = (request.headers['if-none-match'] ?? '').replaceAll('"', '');
    const patch = delta.patchFor({ accept: request.headers.accept ?? '', base, text: desired.text });
    const body = patch ?? desired.text;
    bodies.push({ kind: patch === null ? 'payload' : 'patch', bytes: Buffer.byteLength(body) });
    response.writeHead(200, {
      'Content-Type': patch === null ? 'application/json' : CONFIG_PATCH_MEDIA_TYPE,
      ETag: `"${desired.hash}"`,
      [CONFIG_SIGNATURE_HEADER]: desired.signature,
      ...(patch === null ? {} : { [DELTA_BASE_HEADER]: `"${base}"` }),
    });
    response.end(body);
  };

  const sealed = async (response: ServerResponse) => {
    if (!enrolled) throw new Error('not enrolled');
    const made = [];
    for (const secret of secrets.values()) {
      const jwe = await sealSecret({ payload: { bot_id: botId, ...secret }, kid: signing.kid, signingPrivateJwk: signing.privateJwk, sealingJwk: enrolled.sealing_key });
      made.push({ name: secret.name, version: secret.version, jwe });
    }
    send(response, 200, { secrets: made });
  };

  const enroll = async (response: ServerResponse, body: unknown) => {
    const request = EnrollRequest.parse(body);
    const token = parseToken(enrollmentToken);
    const verdict = token && request.token_id === token.id && (await verifyEnrollRequest({ request, tokenSecret: token.secret }));
    if (verdict !== true) return problem(response, 'enrollment-refused');
    if (enrolled && enrolled.credential_hash !== request.credential_hash) return problem(response, 'enrollment-token-used');
    enrolled = request;
    credentials = [{ id: request.credential_id, hash: request.credential_hash }];
    send(response, 201, { bot_id: botId, generation: request.generation, credential_id: request.credential_id, key_set: keySet, server_time: new Date().toISOString() });
  };

  const serveBuild = (response: ServerResponse, sha256: string) => {
    const content = builds.get(sha256);
    if (content === undefined) return problem(response, 'agent-build-not-found');
    response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(content);
  };

  const heartbeat = (response: ServerResponse, body: unknown) => {
    const status = BotStatus.parse(body);
    store.heartbeats.push(status);
    const answer = { server_time: new Date(Date.now() + aheadMs).toISOString(), next_heartbeat_seconds: 1 };
    const seen = Number(status.last_seen_version ?? status.applied_version ?? 0);
    if (desired && desired.version > seen) return problem(response, 'config-update-available', answer);
    send(response, 200, answer);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://test');
    const call = url.pathname.split('/')[3] ?? '';
    calls.push(`${request.method} ${url.pathname}`);
    const fault = faults.get(call) ?? faults.get('*');
    if (fault === 'hang') return;
    if (fault) return problem(response, fault.code, {}, fault.retryAfter ? { 'Retry-After': fault.retryAfter } : {});
    const body: unknown = request.method === 'POST' ? JSON.parse(await readBody(request)) : null;
    if (url.pathname.startsWith('/agent/')) return serveBuild(response, url.pathname.slice('/agent/'.length));
    if (call === 'enroll') return enroll(response, body);
    const credential = (request.headers.authorization ?? '').replace('Bearer ', '');
    if (!accepts(credential)) return problem(response, 'unauthenticated');
    if (url.pathname.split('/')[2] !== botId) return problem(response, 'bot-not-found');
    switch (call) {
      case 'config': return config(request, response, url.searchParams);
      case 'keys': return send(response, 200, { key_set: keySet });
      case 'secrets': return sealed(response);
      case 'config_ack': store.acks.push(ConfigAck.parse(body)); return send(response, 204, null);
      case 'heartbeat': return heartbeat(response, body);
      case 'metrics': return batch(response, MetricPoint, store.metrics, body);
      case 'events': return batch(response, BotEvent, store.events, body);
      case 'webhook': return batch(response, CronRunResult, store.cronResults, body);
      case 'credentials': return rotate(response, body);
      case 'boot': store.boots.push(BootReport.parse(body)); return send(response, 204, null);
      default: return problem(response, 'not-found');
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => problem(response, 'invalid-request', { detail: String(error) }));
  });
  const stream = serveStream(server, { path: `/bots/${botId}/stream`, accepts });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const wakeAll = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };

  return {
    url: `http://127.0.0.1:${address.port}`,
    botId,
    rootPublicJwk: root.publicJwk,
    enrollmentToken,
    ...store,
    calls,
    enrolled: () => enrolled,
    stream,
    delta,
    bodies,
    get longPolls() {
      return longPolls;
    },
    credentialHashes: () => credentials.map(({ hash }) => hash),
    restoreCredentials: () => {
      if (enrolled) credentials = [{ id: enrolled.credential_id, hash: enrolled.credential_hash }];
    },
    publish: async (payload) => {
      const signature = await signConfig({ payload, kid: signing.kid, privateJwk: signing.privateJwk });
      desired = { text: JSON.stringify(payload), hash: payload.hash, signature, version: Number(payload.version) };
      delta.remember(desired.hash, desired.text);
      wakeAll();
      stream.hint(['config']);
    },
    publishRaw: (text, hash, signature) => {
      desired = { text, hash, signature, version: 999 };
      wakeAll();
      stream.hint(['config']);
    },
    putAgentBuild: (content) => {
      const sha256 = sha256Of(content);
      builds.set(sha256, content);
      return sha256;
    },
    putSecret: (secret) => void secrets.set(secret.name, secret),
    rotateSigningKey: async ({ publishKeySet } = { publishKeySet: true }) => {
      keySetVersion += 1;
      signing = { kid: `k${keySetVersion}`, ...generateEd25519() };
      if (publishKeySet) keySet = await makeKeySet();
    },
    serveKeySet: (jws) => (keySet = jws),
    setClockAhead: (ms) => {
      aheadMs = ms;
    },
    fault: (call, fault) => {
      if (fault) faults.set(call, fault);
      else faults.delete(call);
      if (fault) wakeAll();
    },
    close: () =>
      new Promise((resolve) => {
        wakeAll();
        stream.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers });
  response.end(body === null ? undefined : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
