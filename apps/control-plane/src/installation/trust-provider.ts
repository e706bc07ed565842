import { believeMachineGone, insertAuditEntry, listDoubtedMachines } from '@trawling/database';
import { PROVIDER_IN_DOUBT } from '@trawling/domain';
import { type AdminDeps } from './run-admin.js';

export type TrustResult = { dry_run: boolean; machines: { bot_id: string; name: string; generation: number; provider_id: string | null }[] };

/**
 * The way out when so many machines are missing that the provisioner rather doubts the provider: somebody looked, and they
 * are gone. Counts for the machines that are missing now, not for those of the next time.
 */
export async function trustProvider(
  deps: Pick<AdminDeps, 'transaction' | 'newId'>,
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<TrustResult> {
  return deps.transaction(async (tx) => {
    const doubted = await listDoubtedMachines(tx, PROVIDER_IN_DOUBT);
    const machines = doubted.map(({ botId, name, generation, providerId }) => ({ bot_id: botId, name, generation, provider_id: providerId }));
    if (dryRun || machines.length === 0) return { dry_run: dryRun, machines };
    for (const machine of doubted) await believeMachineGone(tx, machine, `${actor} said that the machine is gone`);
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor, action: 'trust-provider', before: null, after: { machines }, requestId: null });
    return { dry_run: false, machines };
  });
}
