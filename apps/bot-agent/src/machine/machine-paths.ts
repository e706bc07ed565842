import { join } from 'node:path';
import { MACHINE_FILES } from '@trawling/contracts';

/** Files of the agent's own state, inside its folder. */
const AGENT_FILES = {
  identity: 'identity.json',
  keySet: 'keyset.json',
  credentials: 'credentials.json',
  /** While it exists, the agent takes another credential as soon as it can. */
  rotateCredential: 'rotate-credential',
  /** The last config that was fetched and found genuine, as it came. */
  fetched: 'fetched.json',
  webhook: 'webhook.json',
  applied: 'applied/current.json',
  appliedConfig: 'applied/openclaw.json',
  attempt: 'attempt.json',
  probation: 'probation.json',
  progress: 'progress.json',
  lease: 'lease.json',
  secretVersions: 'secret-versions.json',
  cronLedger: 'cron-ledger.json',
  serverClock: 'server-clock.json',
  dropped: 'dropped-reports.json',
  /** Another build of the agent than machine.json names. */
  update: 'update.json',
} as const;
const SPOOLS = { acks: 'acks', events: 'events', metrics: 'metrics', webhooks: 'webhooks', cronResults: 'cron-results' } as const;

type Paths<T> = { readonly [K in keyof T]: string };
export type MachinePaths = { dir: string } & Paths<typeof MACHINE_FILES> & Paths<typeof AGENT_FILES> & {
    spool: Paths<typeof SPOOLS>;
    /** Folders of the agent's user. */
    ownDirs: string[];
    /** Folders of the gateway's user, who may be another. */
    gatewayDirs: string[];
    dirs: string[];
  };

function under<T extends Record<string, string>>(dir: string, names: T): Paths<T>;
function under(dir: string, names: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, join(dir, name)]));
}

/** Where everything of a machine lies; `dir` is the folder of its machine.json. */
export function machinePaths(dir: string): MachinePaths {
  const agent = join(dir, MACHINE_FILES.agent);
  const ownDirs = [agent, join(agent, 'applied'), join(agent, 'spool'), join(dir, MACHINE_FILES.shared)];
  const gatewayDirs = [MACHINE_FILES.gateway, MACHINE_FILES.openclaw, MACHINE_FILES.workspace].map((folder) => join(dir, folder));
  return {
    dir,
    ...under(dir, MACHINE_FILES),
    ...under(agent, AGENT_FILES),
    spool: under(join(agent, 'spool'), SPOOLS),
    ownDirs,
    gatewayDirs,
    dirs: [...ownDirs, ...gatewayDirs],
  };
}
