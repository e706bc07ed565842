import {
  BOOT_DEADLINE_MS, createBackoffMs, DESTROY_RETRY_MS, later, MAX_NEVER_REPORTED, MISSING_RETRY_MS, PROVIDER_IN_DOUBT,
  type MachineFacts, type MachineFound, type MachineRow, type MachineStep,
} from './machine-facts.js';

/**
 * The next step towards exactly the machines a bot should have: one of the wanted generation, or none while it is
 * being decommissioned. What must stay true under every fault, with any number of workers that die anywhere:
 * - at most one live machine per bot and generation, none without a bot;
 * - never a second create before the first is settled: seen, refused, or looked for in vain after its settle time;
 * - what older generations left behind is destroyed; newer ones than ours (a restored database) are held, not fenced;
 * - an older generation is `gone` only when its provider was asked to destroy it and shows it no more, or has not shown
 *   it for the settle time: the new machine trades from then on;
 * - a machine that has ever reported is never rebuilt because it went silent: an outage of ours must not rebuild a fleet.
 */
export function planMachine(facts: MachineFacts): MachineStep {
  const live = facts.found.filter(({ state }) => state !== 'gone');
  return (
    planRemovals(facts, live)
    ?? planUnsettled(facts, live)
    ?? planGone(facts, live)
    ?? (facts.bot.decommissioning ? planDecommission(facts, live) : minding(facts, live, planWanted(facts, live)))
  );
}

/** All is well with the wanted machine, but an older one is not gone yet: whoever called may have died before it did. */
function minding(facts: MachineFacts, live: readonly MachineFound[], step: MachineStep): MachineStep {
  if (step.kind !== 'none') return step;
  const deadlines = facts.rows
    .filter(({ generation, state }) => generation < facts.bot.generation && state === 'destroying')
    .flatMap(({ generation, deadline, notBefore }) => (live.some((machine) => machine.generation === generation) ? deadline : notBefore) ?? []);
  const until = deadlines.sort((a, b) => a.getTime() - b.getTime())[0];
  return until ? { kind: 'wait', until, reason: 'Waiting for the old machine to be gone' } : step;
}

const rowOf = (facts: MachineFacts, generation: number): MachineRow | undefined =>
  facts.rows.find((row) => row.generation === generation);

/** Machines of this generation, the one to keep first: the one we know, else the oldest. */
function candidates(facts: MachineFacts, live: readonly MachineFound[], generation: number): MachineFound[] {
  const known = rowOf(facts, generation)?.providerId ?? null;
  const rank = (machine: MachineFound): number => (machine.providerId === known ? 0 : 1);
  return live
    .filter((machine) => machine.generation === generation)
    .sort((a, b) => rank(a) - rank(b) || a.createdAt.getTime() - b.createdAt.getTime() || (a.providerId < b.providerId ? -1 : 1));
}

/** Destroys what must not live: everything of a decommissioned bot, older generations, duplicates. */
function planRemovals(facts: MachineFacts, live: readonly MachineFound[]): MachineStep | null {
  const { bot, now } = facts;
  const [keep] = bot.decommissioning ? [] : candidates(facts, live, bot.generation);
  const unwanted = live
    .filter((machine) => bot.decommissioning || machine.generation < bot.generation || (machine.generation === bot.generation && machine !== keep))
    .sort((a, b) => a.generation - b.generation);
  for (const machine of unwanted) {
    const row = rowOf(facts, machine.generation);
    const isDuplicate = machine.generation === bot.generation && !bot.decommissioning;
    const isBeingDestroyed = !isDuplicate && row?.state === 'destroying' && row.deadline !== null && row.deadline > now;
    if (isBeingDestroyed) continue;
    if (isDuplicate && keep) {
      const reason = 'Two machines of one generation were found; the newer one is destroyed';
      const state = row?.state === 'online' ? 'online' : 'booting';
      return { kind: 'destroy', generation: machine.generation, providerId: machine.providerId, change: { state, reason, providerId: keep.providerId, deadline: row?.deadline ?? later(now, BOOT_DEADLINE_MS) } };
    }
    const reason = bot.decommissioning ? 'The bot is being decommissioned' : `Generation ${bot.generation} takes over`;
    return destroyStep(facts, machine, reason);
  }
  return null;
}

function destroyStep({ now }: MachineFacts, { generation, providerId }: MachineFound, reason: string): Extract<MachineStep, { kind: 'destroy' }> {
  return { kind: 'destroy', generation, providerId, change: { state: 'destroying', reason, providerId, deadline: later(now, DESTROY_RETRY_MS), notBefore: null } };
}

/**
 * A row in `creating` at planning time is a worker that died in the middle: whoever plans holds the lease, so nobody
 * is still waiting for that call. It may have gone out until its deadline, and its machine may turn up until then
 * plus the settle time.
 */
function planUnsettled(facts: MachineFacts, live: readonly MachineFound[]): MachineStep | null {
  const row = facts.rows.find(({ state, generation }) => state === 'creating' && !live.some((machine) => machine.generation === generation));
  if (!row) return null;
  const until = later(row.deadline !== null && row.deadline > facts.now ? row.deadline : facts.now, facts.settleMs);
  return {
    kind: 'record',
    generation: row.generation,
    change: { state: 'create_unknown', reason: 'The worker that created the machine stopped; looking for what it left', deadline: null, notBefore: until },
  };
}

/** Rows of generations that should not exist and of which nothing is left. */
function planGone(facts: MachineFacts, live: readonly MachineFound[]): MachineStep | null {
  const { bot, now } = facts;
  const row = facts.rows.find(({ generation, state, notBefore, reason }) =>
    (bot.decommissioning || generation < bot.generation)
    && state !== 'gone'
    && !((state === 'create_unknown' || state === 'destroying') && notBefore !== null && notBefore > now)
    && !(facts.providerInDoubt === true && wasThere(state) && reason === PROVIDER_IN_DOUBT)
    && !live.some((machine) => machine.generation === generation));
  if (!row) return null;
  const { generation } = row;
  if (facts.providerInDoubt === true && wasThere(row.state)) return doubted(row);
  // Nobody asked for its end, so it may be the look-up that is wrong; and the new machine trades once it is gone.
  if (!bot.decommissioning && wasThere(row.state)) {
    const reason = 'The old machine is not there any more; it is looked for once more before it counts as gone';
    return { kind: 'record', generation, change: { state: 'destroying', reason, deadline: null, notBefore: later(now, facts.settleMs) } };
  }
  return { kind: 'record', generation, change: { state: 'gone', reason: 'The machine is gone', providerId: null, deadline: null, notBefore: null } };
}

/** Stays as it is, but for what the owner reads. */
const doubted = ({ generation, state }: MachineRow): MachineStep => ({ kind: 'record', generation, change: { state, reason: PROVIDER_IN_DOUBT } });

/** States in which a machine may have traded and nobody asked for its end. */
const wasThere = (state: MachineRow['state']): boolean => state === 'booting' || state === 'online' || state === 'off' || state === 'held';

function planDecommission(facts: MachineFacts, live: readonly MachineFound[]): MachineStep {
  const { rows, bot, now } = facts;
  const waits = rows.flatMap(({ state, notBefore, deadline }) => (state === 'gone' ? [] : [state === 'create_unknown' ? notBefore : deadline]));
  const until = waits.filter((time) => time !== null).sort((a, b) => a.getTime() - b.getTime())[0];
  if (live.length > 0 || rows.some(({ state }) => state !== 'gone')) {
    return { kind: 'wait', until: until ?? later(now, DESTROY_RETRY_MS), reason: 'Waiting for the last machine to be gone' };
  }
  return bot.decommissioned ? { kind: 'none', reason: 'The bot is decommissioned' } : { kind: 'finish_decommission' };
}

function planWanted(facts: MachineFacts, live: readonly MachineFound[]): MachineStep {
  const { bot } = facts;
  const newer = planNewer(facts, live);
  if (newer) return newer;
  const row = rowOf(facts, bot.generation);
  if (!row) return { kind: 'record', generation: bot.generation, change: { state: 'wanted', reason: 'A machine is wanted' } };
  const [machine] = candidates(facts, live, bot.generation);
  return machine ? planPresent(facts, row, machine) : planAbsent(facts, row);
}

/** Machines of generations that this database never asked for: the work of its own later self, before it was set back. */
function planNewer(facts: MachineFacts, live: readonly MachineFound[]): MachineStep | null {
  const { bot, now, settleMs } = facts;
  const unknown = live.find(({ generation }) => generation > bot.generation && (rowOf(facts, generation)?.state ?? 'gone') === 'gone');
  if (unknown) {
    const { generation, providerId } = unknown;
    return { kind: 'record', generation, change: { state: 'held', reason: HELD, providerId, deadline: null, notBefore: null } };
  }
  const row = facts.rows.find(({ generation, state }) => generation > bot.generation && state !== 'gone');
  if (!row) return null;
  const { generation } = row;
  if (live.some((machine) => machine.generation === generation)) return { kind: 'none', reason: HELD };
  if (row.notBefore === null) {
    const reason = 'The machine that was held is not there any more; it is looked for once more before it counts as gone';
    return { kind: 'record', generation, change: { state: 'held', reason, notBefore: later(now, settleMs) } };
  }
  if (row.notBefore > now) return { kind: 'wait', until: row.notBefore, reason: 'Waiting whether the machine that was held turns up' };
  return { kind: 'record', generation, change: { state: 'gone', reason: 'The machine is gone', providerId: null, deadline: null, notBefore: null } };
}

const HELD = 'A machine of a newer generation than this database knows exists, as after a restore: it is held until somebody decides';

/** Nothing of the wanted generation lives. */
function planAbsent(facts: MachineFacts, row: MachineRow): MachineStep {
  const { now, settleMs } = facts;
  const blocked = facts.rows.filter(({ state, notBefore }) => state === 'create_unknown' && notBefore !== null && notBefore > now);
  const until = blocked.map(({ notBefore }) => notBefore).filter((time) => time !== null).sort((a, b) => b.getTime() - a.getTime())[0];
  if (until) return { kind: 'wait', until, reason: 'A create ended without an answer; waiting whether its machine turns up' };
  const isDoubted = facts.providerInDoubt === true && !isFirst(facts, row) && !reportsUnseen(facts, row) && !(row.state === 'failed' && row.notBefore === null);
  if (isDoubted) return row.reason === PROVIDER_IN_DOUBT ? { kind: 'none', reason: PROVIDER_IN_DOUBT } : doubted(row);
  const again = (reason: string, notBefore: Date | null): MachineStep =>
    ({ kind: 'record', generation: row.generation, change: { state: 'wanted', reason, providerId: null, deadline: null, notBefore } });
  switch (row.state) {
    case 'wanted':
    case 'failed': {
      if (row.state === 'failed' && row.notBefore === null) return { kind: 'none', reason: 'The machine could not be created; somebody must look' };
      if (row.notBefore !== null && row.notBefore > now) return { kind: 'wait', until: row.notBefore, reason: 'Waiting before the next attempt' };
      return { kind: 'create', generation: row.generation, attempt: row.attempts + 1 };
    }
    case 'create_unknown':
      return again('The create left no machine; another one is wanted', row.attempts > 1 ? later(now, createBackoffMs(row.attempts)) : null);
    case 'gone':
    case 'held':
      return again('A machine is wanted again', null);
    case 'destroying':
      return again('The old machine is gone; another one is wanted', later(now, createBackoffMs(row.attempts)));
    case 'creating':
    case 'booting':
    case 'online':
    case 'off':
      if (reportsUnseen(facts, row)) {
        const reason = 'The provider does not show the machine, but its bot reports: it is not replaced';
        if (row.reason === PROVIDER_IN_DOUBT) return { kind: 'record', generation: row.generation, change: { state: row.state, reason } };
        return { kind: 'wait', until: later(now, MISSING_RETRY_MS), reason };
      }
      // It was there and no look-up shows it: settled as an unknown create is, in case the look-up lags.
      return {
        kind: 'record',
        generation: row.generation,
        change: { state: 'create_unknown', reason: 'The machine is not there any more', deadline: null, notBefore: later(now, settleMs), reportsSince: now },
      };
  }
}

/** No machine of this bot was ever asked for, so none can be hidden by a provider that is wrong. */
const isFirst = ({ rows, reported }: MachineFacts, row: MachineRow): boolean =>
  rows.length === 1 && reported === null && row.state === 'wanted' && row.attempts === 0 && row.providerId === null && !row.reportsSince;

/** The provider does not show the machine, and it lives. */
const reportsUnseen = (facts: MachineFacts, row: MachineRow): boolean =>
  (row.state === 'creating' || row.state === 'booting' || row.state === 'online' || row.state === 'off')
  && hasReported(facts, row) && facts.reported?.online === true;

/** Whether this row's machine itself has reported, and not one of the same generation that vanished before it was made. */
function hasReported({ reported }: MachineFacts, { generation, reportsSince }: MachineRow): boolean {
  if (reported?.generation !== generation) return false;
  return !reportsSince || !reported.at || reported.at > reportsSince;
}

/** One machine of the wanted generation lives. */
function planPresent(facts: MachineFacts, row: MachineRow, machine: MachineFound): MachineStep {
  const { now } = facts;
  const { generation } = row;
  const isOnline = hasReported(facts, row) && facts.reported?.online === true && machine.state === 'running';
  const booting = (reason: string): MachineStep => ({
    kind: 'record', generation,
    change: { state: 'booting', reason, providerId: machine.providerId, deadline: later(now, BOOT_DEADLINE_MS), notBefore: null },
  });
  if (row.state === 'destroying') {
    if (row.deadline !== null && row.deadline > now) return { kind: 'wait', until: row.deadline, reason: 'Waiting for the old machine to be gone' };
    return destroyStep(facts, machine, 'The machine never reported and is replaced');
  }
  if (isOnline && row.state !== 'online') {
    return { kind: 'record', generation, change: { state: 'online', reason: 'The bot reports', providerId: machine.providerId, deadline: null, notBefore: null, attempts: 0, neverReported: 0 } };
  }
  if (row.reason === PROVIDER_IN_DOUBT && (row.state === 'online' || row.state === 'booting')) {
    return { kind: 'record', generation, change: { state: row.state, reason: 'The provider shows the machine again' } };
  }
  if (row.state === 'wanted' || row.state === 'creating' || row.state === 'create_unknown' || row.state === 'gone' || row.state === 'held') return booting('The machine was found and is starting');
  if (row.providerId !== machine.providerId) return booting('Another machine of this generation was found and is kept');
  if (machine.state === 'off') {
    if (row.state !== 'off') return { kind: 'record', generation, change: { state: 'off', reason: 'The machine is off and is being started', deadline: null } };
    return { kind: 'start', generation, providerId: machine.providerId };
  }
  if (row.state === 'off') return booting('The machine was started');
  if (row.state === 'booting') return planBooting(facts, row, machine);
  if (row.state === 'failed') return { kind: 'none', reason: 'The machine never reported; somebody must look' };
  return { kind: 'none', reason: isOnline ? 'The bot reports' : 'The machine runs, but the bot is silent; it is left alone' };
}

function planBooting(facts: MachineFacts, row: MachineRow, machine: MachineFound): MachineStep {
  const { now } = facts;
  if (row.deadline !== null && row.deadline > now) return { kind: 'wait', until: row.deadline, reason: 'Waiting for the first heartbeat' };
  const { generation } = row;
  if (hasReported(facts, row)) {
    const reason = 'The bot has reported before and is silent; its machine is left alone';
    return { kind: 'record', generation, change: { state: 'online', reason, deadline: null, notBefore: null } };
  }
  const neverReported = row.neverReported + 1;
  if (neverReported < MAX_NEVER_REPORTED) {
    const step = destroyStep(facts, machine, 'The machine never reported and is replaced');
    return { ...step, change: { ...step.change, neverReported } };
  }
  const reason = `None of ${neverReported} machines ever reported; the last one is kept for somebody to look at`;
  return { kind: 'record', generation, change: { state: 'failed', reason, deadline: null, notBefore: null, neverReported } };
}
