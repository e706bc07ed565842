import type {
  BootReport, BotConfigPayload, BotStatus, ConfigAck, CredentialRotation, CronRunResult, EnrollmentTranscript, EnrollRequest, JsonObject,
  RotateCredentialRequest,
} from '@trawling/contracts';
import { generateEd25519, generateX25519, hashToken, makeEnrollRequest, makeRotateCredentialRequest, makeToken, tokenMac } from '@trawling/crypto';
import { uuid7 } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { type IssuedToken } from './test-control-plane.js';
import { type TestWorld } from './test-world.js';

type BotOptions = Parameters<TestWorld['controlPlane']['createBot']>[0] & { generation?: number };

/** A machine as the protocol sees it: it has a bot, a token, keys of its own, and says what the specification says. */
export class TestBot {
  private sequence = 0;
  readonly bootId = uuid7();

  private constructor(
    readonly world: TestWorld,
    readonly id: string,
    readonly generation: number,
    readonly token: IssuedToken,
    readonly keys: MachineKeys,
  ) {}

  /** A machine with a token that has not asked for anything yet. */
  static async waiting(world: TestWorld, options: BotOptions = {}): Promise<TestBot> {
    return TestBot.machineOf(world, await world.controlPlane.createBot(options), options.generation ?? 1);
  }

  static async enrolled(world: TestWorld, options: BotOptions = {}): Promise<TestBot> {
    const bot = await TestBot.waiting(world, options);
    const { status, text } = await bot.enroll();
    if (status !== 201) throw new Error(`the machine was not enrolled: ${status} ${text}`);
    return bot;
  }

  /** Another machine of a bot that is there. */
  static async machineOf(world: TestWorld, botId: string, generation: number): Promise<TestBot> {
    return new TestBot(world, botId, generation, await world.controlPlane.issueToken(botId, generation), makeKeys());
  }

  /** Another machine that got hold of the same token. */
  thief(): TestBot {
    return new TestBot(this.world, this.id, this.generation, this.token, makeKeys());
  }

  /** The same machine with another token. */
  withToken(token: IssuedToken): TestBot {
    return new TestBot(this.world, this.id, this.generation, token, this.keys);
  }

  /** The same machine, talking to another replica. */
  at(world: TestWorld): TestBot {
    return new TestBot(world, this.id, this.generation, this.token, this.keys);
  }

  /** The same machine under a credential it made for itself; worth nothing before the control plane has accepted it. */
  candidate(): TestBot {
    const { credential, credentialId } = makeKeys();
    return new TestBot(this.world, this.id, this.generation, this.token, { ...this.keys, credential, credentialId });
  }

  get credential(): string {
    return this.keys.credential;
  }
  get credentialId(): string {
    return this.keys.credentialId;
  }

  enrollRequest(change: Partial<EnrollmentTranscript> = {}, tokenSecret = this.token.secret): Promise<EnrollRequest> {
    const transcript = {
      bot_id: this.id,
      generation: this.generation,
      token_id: this.token.id,
      machine_id: 'test-machine',
      identity_key: this.keys.identity.publicJwk,
      sealing_key: this.keys.sealing.publicJwk,
      credential_id: this.keys.credentialId,
      credential_hash: hashToken(this.keys.credential),
      ...change,
    };
    return makeEnrollRequest({ transcript, identityPrivateJwk: this.keys.identity.privateJwk, tokenSecret });
  }

  async enroll(body?: object): Promise<request.Response> {
    return this.send('post', 'enroll', body ?? (await this.enrollRequest()));
  }

  rotateRequest(candidate: TestBot, change: Partial<CredentialRotation> = {}, signer: TestBot = this): Promise<RotateCredentialRequest> {
    const rotation = {
      bot_id: this.id,
      generation: this.generation,
      replaces: this.credentialId,
      credential_id: candidate.credentialId,
      credential_hash: hashToken(candidate.credential),
      ...change,
    };
    return makeRotateCredentialRequest({ rotation, identityPrivateJwk: signer.keys.identity.privateJwk });
  }

  async rotate(candidate: TestBot, body?: RotateCredentialRequest): Promise<request.Response> {
    return this.call('post', 'credentials/rotate', body ?? (await this.rotateRequest(candidate)));
  }

  /** Calls anything of this bot under its credential. */
  call(method: 'get' | 'post', name: string, body?: unknown, headers: Record<string, string> = {}): request.Test {
    return this.send(method, name, body).set({ Authorization: `Bearer ${this.credential}`, ...headers });
  }

  config(input: { known?: string; wait?: number } = {}): request.Test {
    const headers = input.known === undefined ? {} : { 'If-None-Match': `"${input.known}"` };
    return this.call('get', input.wait === undefined ? 'config' : `config?wait=${input.wait}`, undefined, headers);
  }
  keySet(): request.Test {
    return this.call('get', 'keys');
  }
  secrets(): request.Test {
    return this.call('get', 'secrets');
  }
  ack(ack: Partial<ConfigAck> & Pick<BotConfigPayload, 'version' | 'hash'>): request.Test {
    const { version, hash, ...rest } = ack;
    return this.call('post', 'config_ack', { version, hash, applied_at: new Date().toISOString(), ...rest });
  }
  heartbeat(change: Partial<BotStatus> = {}): request.Test {
    return this.call('post', 'heartbeat', this.status(change));
  }
  metrics(points: unknown): request.Test {
    return this.call('post', 'metrics', points);
  }
  events(events: unknown): request.Test {
    return this.call('post', 'events', events);
  }
  webhook(results: unknown): request.Test {
    return this.call('post', 'webhook', results);
  }
  boot(change: object = {}): request.Test {
    return this.call('post', 'boot', this.bootReport(change));
  }
  /** As before enrollment: with the token's id and its MAC, without a credential. `forged` replaces members after it was made. */
  bootBeforeEnrollment(change: Partial<BootReport> = {}, forged: object = {}): request.Test {
    const report = { ...this.bootReport(change), token_id: this.token.id };
    return this.send('post', 'boot', { ...report, mac: this.bootMac(report), ...forged });
  }
  bootMac(report: JsonObject): string {
    return tokenMac({ tokenSecret: this.token.secret, tokenId: this.token.id, purpose: 'boot', value: report });
  }

  status(change: Partial<BotStatus> = {}): BotStatus {
    this.sequence += 1;
    return {
      boot_id: this.bootId,
      sequence: this.sequence,
      sent_at: new Date().toISOString(),
      agent_version: '0.1.0',
      openclaw_version: '2026.9.6',
      uptime_seconds: 12.5,
      applied_version: null,
      applied_hash: null,
      health: { status: 'healthy', details: {} },
      gateway: { state: 'ready', restarts: 0 },
      ...change,
    };
  }

  /** What the database keeps of what this bot said. */
  async reported() {
    return this.world.controlPlane.prisma.botReported.findUnique({ where: { botId: this.id } });
  }

  private bootReport(change: object = {}): JsonObject {
    return { stage: 'agent', ok: true, at: new Date().toISOString(), generation: this.generation, ...change };
  }

  private send(method: 'get' | 'post', name: string, body?: unknown): request.Test {
    const call = request(this.world.app)[method](`/bots/${this.id}/${name}`);
    if (body === undefined) return call;
    return call.set('Content-Type', 'application/json').send(typeof body === 'string' ? body : JSON.stringify(body));
  }
}

type MachineKeys = ReturnType<typeof makeKeys>;

function makeKeys() {
  const credentialId = uuid7();
  return {
    identity: generateEd25519(),
    sealing: generateX25519(),
    credentialId,
    credential: makeToken('ttb', credentialId, randomBytes),
  };
}

/** One finished run as the agent relays it. */
export const cronResult = (change: Partial<CronRunResult> = {}): CronRunResult => ({
  id: uuid7(),
  run_id: 'run-1',
  job_id: 'job-1',
  declaration_key: 'fleet:fetch-prices',
  name: 'fetch-prices',
  status: 'ok',
  run_at: new Date().toISOString(),
  duration_ms: 12,
  summary: 'prices fetched',
  error: null,
  source: 'webhook',
  config_version: '1',
  ...change,
});

export const event = (change: object = {}): object => ({
  id: uuid7(),
  type: 'gateway.restarted',
  timestamp: new Date().toISOString(),
  message: 'the gateway was restarted',
  ...change,
});

export const metric = (change: object = {}): object => ({
  name: 'equity.usd',
  timestamp: new Date().toISOString(),
  value: 1000,
  ...change,
});
