import { type CloudDroplet, keyOf } from '../cloud/cloud.js';
import { type BotNow } from '../world/bots.js';

/** What must not be, at the moment it is. */
export type Violation = { what: 'duplicate' | 'orphan' | 'offline' | 'unrevoked' | 'off_spec'; detail: string };

/** The bill and the breaches of one schedule. */
export type Ledger = {
  /** Counts what ran during the last `ms`: droplets beyond one per wanted bot. */
  bill: (droplets: readonly CloudDroplet[], wanted: ReadonlySet<string>, ms: number) => void;
  /** Looks for two live droplets of one bot and generation. A pair is excused when it is said how it came to be. */
  check: (droplets: readonly CloudDroplet[], excused: ReadonlySet<string>, step: string) => void;
  extraMinutes: () => number;
  billedMinutes: () => number;
  /** Pairs seen that were excused. */
  excusedPairs: () => number;
  violations: Violation[];
};

const nameOf = (droplet: CloudDroplet): string => machineName(keyOf(droplet));

/** `bot/generation`. */
export const machineName = ({ botId, generation }: { botId: string; generation: number }): string => `${botId}/${generation}`;

export function createLedger(): Ledger {
  let extra = 0;
  let billed = 0;
  let pairs = new Set<string>();
  let excusedPairs = 0;
  const violations: Violation[] = [];
  return {
    violations,
    extraMinutes: () => extra / 60_000,
    billedMinutes: () => billed / 60_000,
    excusedPairs: () => excusedPairs,
    bill(droplets, wanted, ms) {
      const perBot = count(droplets.map((droplet) => keyOf(droplet).botId));
      for (const [botId, live] of perBot) extra += ms * Math.max(0, live - (wanted.has(botId) ? 1 : 0));
      billed += ms * droplets.length;
    },
    check(droplets, excused, step) {
      const now = new Set([...count(droplets.map(nameOf))].filter(([, live]) => live > 1).map(([key]) => key));
      for (const key of now) {
        if (pairs.has(key)) continue;
        if (excused.has(key)) excusedPairs += 1;
        else violations.push({ what: 'duplicate', detail: `${key} has more than one live droplet after: ${step}` });
      }
      pairs = now;
    },
  };
}

/** What is still wrong when everything has had its time. */
export function finalViolations(droplets: readonly CloudDroplet[], bots: readonly BotNow[], talking: ReadonlySet<number>): Violation[] {
  const byBot = new Map(bots.map((bot) => [bot.botId, bot]));
  const duplicates = [...count(droplets.map(nameOf))].filter(([, live]) => live > 1).map(([key, live]): Violation => ({ what: 'duplicate', detail: `${key} ends with ${live} droplets` }));
  const orphans = droplets.flatMap((droplet): Violation[] => {
    const key = keyOf(droplet);
    const bot = byBot.get(key.botId);
    if (bot && !bot.decommissioning && key.generation === bot.generation) return [];
    return [{ what: 'orphan', detail: `droplet ${droplet.id} (${droplet.tags.join(' ')}) belongs to no bot` }];
  });
  const offline = bots.flatMap((bot): Violation[] => {
    if (bot.decommissioning) return bot.decommissioned ? [] : [{ what: 'offline', detail: `${bot.botId} is still being decommissioned: ${bot.state} (${bot.reason})` }];
    const droplet = droplets.find((one) => nameOf(one) === machineName(bot) && one.status === 'active' && talking.has(one.id));
    return droplet && bot.state === 'online' ? [] : [{ what: 'offline', detail: `${bot.botId} generation ${bot.generation} is ${bot.state} (${bot.reason})${droplet ? '' : ', without a machine that talks'}` }];
  });
  return [...duplicates, ...orphans, ...offline];
}

function count(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
