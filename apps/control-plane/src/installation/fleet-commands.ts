import { adoptFleet, approveOrphan, insertAuditEntry, listOrphanMachines, type OrphanMachineRow } from '@trawling/database';
import { type Command } from 'commander';
import { ADMIN_ACTOR } from './admin-actor.js';
import { type AdminDeps, type AdminHost, JSON_OPTION, runAdmin } from './run-admin.js';
import { trustProvider } from './trust-provider.js';

/** What only a person can know of the fleet: which machines without a bot may be destroyed, and which database runs it. */
export function addFleetCommands(program: Command, host: AdminHost): void {
  program
    .command('adopt-fleet')
    .description('let this database run the machines of its installation, after it was restored or moved; the other one must not run any more')
    .option(...JSON_OPTION)
    .action(({ json }: { json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await deps.transaction(async (tx) => {
          const { before, after } = await adoptFleet(tx);
          await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor: ADMIN_ACTOR, action: 'adopt-fleet', before: { database: before }, after: { database: after }, requestId: null });
          return { before, after };
        });
        return { result, text: 'This database runs the fleet now: start its provisioner' };
      }),
    );

  program
    .command('trust-provider')
    .description('say that the many machines the provisioner does not find are really gone, so that it makes them anew; not those whose bot reports')
    .option('--dry-run', 'only show which ones')
    .option(...JSON_OPTION)
    .action(({ dryRun, json }: { dryRun?: true; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await trustProvider(deps, { dryRun: dryRun === true, actor: ADMIN_ACTOR });
        return { result, text: describeGone(result) };
      }),
    );

  program
    .command('orphans')
    .description('show the machines whose bot nobody knows and what they cost a month; the provisioner’s last sweep saw them')
    .option(...JSON_OPTION)
    .action(({ json }: { json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const machines = await deps.transaction((tx) => listOrphanMachines(tx));
        return { result: { machines: machines.map(toJson), monthly_usd: monthlyUsd(machines) }, text: describe(machines) };
      }),
    );

  program
    .command('approve-orphans')
    .description('let the provisioner destroy these machines without a bot; it does so with its next sweeps, a few at a time')
    .argument('<provider id...>', 'as "admin orphans" shows them')
    .option(...JSON_OPTION)
    .action((providerIds: string[], { json }: { json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const approved = await approve(deps, providerIds);
        return { result: { approved }, text: `The provisioner destroys ${approved.join(', ')}` };
      }),
    );
}

/** A list for people. */
function describeGone({ machines, dry_run: isDryRun }: Awaited<ReturnType<typeof trustProvider>>): string {
  if (machines.length === 0) return 'The provisioner misses no machine whose loss it does not believe; nothing is changed';
  const lines = machines.map(({ provider_id: id, bot_id: bot, generation, name }) => `  ${id ?? 'unknown number'}  bot ${bot} (${name}) generation ${generation}`);
  const head = isDryRun ? `${machines.length} machines would count as gone` : `${machines.length} machines count as gone: those that are wanted are made anew`;
  return [head, ...lines].join('\n');
}

/** All of them or none: an id that is no machine without a bot is a mistake, maybe not the only one. */
function approve(deps: AdminDeps, providerIds: readonly string[]): Promise<string[]> {
  return deps.transaction(async (tx) => {
    const at = deps.now();
    for (const providerId of providerIds) {
      if (!(await approveOrphan(tx, { providerId, by: ADMIN_ACTOR, at }))) throw new Error(`There is no machine ${providerId} without a bot; nothing is approved`);
    }
    const after = { provider_ids: providerIds };
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor: ADMIN_ACTOR, action: 'approve-orphans', before: null, after, requestId: null });
    return [...providerIds];
  });
}

const monthlyUsd = (machines: readonly OrphanMachineRow[]): number => machines.reduce((sum, machine) => sum + (machine.monthlyUsd ?? 0), 0);

const toJson = (machine: OrphanMachineRow) => ({
  driver: machine.driver,
  provider_id: machine.providerId,
  bot_id: machine.botId,
  generation: machine.generation,
  monthly_usd: machine.monthlyUsd,
  created_at: machine.createdAt.toISOString(),
  first_seen_at: machine.firstSeenAt.toISOString(),
  approved_at: machine.approvedAt?.toISOString() ?? null,
  destroyed_at: machine.destroyedAt?.toISOString() ?? null,
});

/** A table for people. */
function describe(machines: readonly OrphanMachineRow[]): string {
  if (machines.length === 0) return 'Every machine has a bot';
  const lines = machines.map(({ providerId, botId, generation, monthlyUsd: usd, createdAt, approvedAt, destroyedAt }) => {
    const state = destroyedAt ? 'being destroyed' : approvedAt ? 'approved' : 'waits for approval';
    return `  ${providerId}  bot ${botId} generation ${generation}  made ${createdAt.toISOString()}  ${usd === null ? 'price unknown' : `${usd.toFixed(2)} USD a month`}  ${state}`;
  });
  return [`${machines.length} machines without a bot, ${monthlyUsd(machines).toFixed(2)} USD a month`, ...lines].join('\n');
}
