import { type Database } from '@trawling/database';
import { type Cloud } from '../cloud/cloud.js';
import { type SeededRandom } from '../seeded-random.js';
import { type Hold, type Member } from '../workers/member.js';
import { listBots } from '../world/bots.js';
import { type createLifeOfMachines } from '../world/life-of-machines.js';
import { type VirtualTime } from '../world/virtual-time.js';
import { type Coverage } from './coverage.js';
import { type Ledger } from './ledger.js';

/** Everything one schedule plays with. */
export type Stage = {
  random: SeededRandom;
  installationId: string;
  database: Database;
  time: VirtualTime;
  cloud: Cloud;
  life: ReturnType<typeof createLifeOfMachines>;
  members: readonly Member[];
  coverage: Coverage;
  ledger: Ledger;
  /** Bots somebody asked to look at. */
  wanted: Set<string>;
  /** Bots whose create was disturbed. */
  pursued: Set<string>;
  /** `bot/generation` that may have two machines for a while, by a stop that no process can see in time. */
  excused: Set<string>;
  /** Stopped between two steps, and not heard since. */
  inMotion: Set<Member>;
  /** How likely a request meets a fault; 0 when it is calm. */
  faultRate: number;
  /** The step at which this schedule strikes whenever it can; all others meet what comes. */
  aim: string;
  /** How often it has. */
  aimed: number;
  /** Until when a member stays stopped. */
  stoppedUntil: Map<Member, number>;
  /** Deletes of a machine that its row still keeps: an order given before somebody else took over. */
  staleDeletes: number;
  /** Aborts when the whole run is to end. */
  signal: AbortSignal;
  /** What happened, for whoever reads a failure. */
  story: string[];
  /** What the workers' jobs said when they did not end well. */
  failures: string[];
};

export const isHeldAwake = (hold: Hold): boolean => hold.where !== 'sleep';

/** Whom the row says is wanted, for the bill. */
export const wantedBots = async (database: Database): Promise<Set<string>> =>
  new Set((await listBots(database)).filter(({ decommissioning }) => !decommissioning).map(({ botId }) => botId));
