import { makeToken, parseToken, sealBytes, tokenMacKey } from '@trawling/crypto';
import { createIntent, createOutcome, later } from '@trawling/domain';
import { type Moment, momentOf, msSince } from '@trawling/runtime';
import { MachinePackages } from '@trawling/user-data';
import { type CreateResult, type MachineOrder } from './machine-driver.js';
import { recordChange, type StepContext, type StepOutcome } from './take-step.js';

/** After which the driver is asked again whether it can create; the attempt does not count. */
const NOT_READY_MS = { not_ready: 2_000, broken: 30_000 } as const;

/**
 * One create attempt: the intent and a token of its own are committed before the call goes out, with enough lease left
 * that nobody else can create before it has ended. Whatever happens to the call, its outcome is written down; if this
 * process dies, the intent tells the next one that a machine may exist.
 */
export async function createMachine(context: StepContext, input: { generation: number; attempt: number }): Promise<StepOutcome> {
  const { store, driver, lease, facts } = context;
  const { generation, attempt } = input;
  const preflight = await driver.preflight();
  if (preflight.state !== 'ready') return postpone(context, generation, preflight.reason, NOT_READY_MS[preflight.state]);
  const inputs = await store.findMachineInputs(lease.botId);
  if (!inputs) return postpone(context, generation, 'The bot has no config yet', NOT_READY_MS.broken);
  const packages = MachinePackages.nullable().parse(inputs.packages);

  const tokenId = context.newId();
  const enrollmentToken = makeToken('tte', tokenId, context.randomBytes);
  const secret = parseToken(enrollmentToken)?.secret;
  if (secret === undefined) throw new Error('The enrollment token that was just made cannot be read');
  const bootKey = tokenMacKey({ tokenSecret: secret, tokenId, purpose: 'boot' });
  const sealedSecret = await sealBytes(inputs.tokenSealingJwk, secret);

  const { createTimeoutMs } = driver;
  const neededMs = createTimeoutMs + context.timings.createMarginMs;
  const eventId = context.newId();
  // From before the lease is extended: what is left of it can only be underestimated, whatever the wall clocks do.
  const begun = momentOf(context.clock);
  const intended = await store.underLease(lease, neededMs / 1000, async (tx) => {
    if (!(await tx.isWanted(generation))) return false;
    await tx.record({ generation, driver: driver.kind, change: createIntent({ now: facts.now, attempt, createTimeoutMs }), eventId });
    await tx.insertEnrollmentToken({ id: tokenId, generation, sealedSecret, bootKey, validSeconds: context.timings.tokenSeconds });
    return true;
  });
  if (!intended || msSince(context.clock, begun) > context.timings.createMarginMs) return 'again';

  const { installationId, syncAdapterUrl, dataRetrievalUrl } = context.machineSettings;
  const result = await callCreate(context, generation, {
    installation_id: installationId,
    sync_adapter_url: syncAdapterUrl,
    data_retrieval_url: dataRetrievalUrl,
    root_public_jwk: inputs.rootPublicJwk,
    agent_sha256: inputs.agentSha256,
    enrollmentToken,
    packages,
  }, begun);
  const elapsed = context.clock.monotonicMs() - begun.monotonicMs;
  if (result.outcome === 'not_sent') {
    const notBefore = later(facts.now, elapsed + result.waitMs);
    await recordChange(context, generation, { state: 'wanted', reason: result.reason, deadline: null, notBefore, attempts: attempt - 1 });
    return 'settled';
  }
  const change = createOutcome({ now: later(facts.now, elapsed), attempt, result, settleMs: driver.settleMs });
  await recordChange(context, generation, change);
  return 'again';
}

/** Whatever the driver throws leaves open whether a machine was made. */
async function callCreate({ driver, lease, logger }: StepContext, generation: number, order: MachineOrder, begun: Moment): Promise<CreateResult> {
  try {
    return await driver.create({ botId: lease.botId, generation }, order, { begun });
  } catch (error) {
    logger.warn({ err: error, generation }, 'the create call failed without an answer');
    return { outcome: 'unknown', reason: 'the call failed without an answer' };
  }
}

async function postpone(context: StepContext, generation: number, reason: string, ms: number): Promise<StepOutcome> {
  await recordChange(context, generation, { state: 'wanted', reason, notBefore: later(context.facts.now, ms) });
  return 'settled';
}
