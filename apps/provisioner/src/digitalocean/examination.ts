import { type Clock, type Logger } from '@trawling/runtime';
import { type Preflight } from '../machines/machine-driver.js';
import { type AccountReport, type ChosenDroplet } from './examine-account.js';

/** How long a report counts, in milliseconds, by what it says. */
const GOOD_MS = 15 * 60_000;
const BAD_MS = 60_000;
const AWAY_MS = 10_000;

/**
 * The newest report on the account, made when it is asked for and shared until it is old.
 */
export function createExamination(deps: { clock: Pick<Clock, 'monotonicMs'>; logger: Logger; examine: () => Promise<AccountReport> }) {
  const { clock, logger } = deps;
  let last: { report: AccountReport; atMs: number } | null = null;
  let running: Promise<void> | null = null;
  let isStale = false;

  const run = async (): Promise<void> => {
    isStale = false;
    const report = await deps.examine();
    if (last === null || summary(last.report) !== summary(report)) tell(logger, report);
    last = { report, atMs: clock.monotonicMs() };
  };
  const start = (): void => {
    running ??= run()
      .catch((error: unknown) => logger.warn({ err: error }, 'the account could not be examined'))
      .finally(() => void (running = null));
  };
  const isDue = (): boolean => {
    if (last === null || isStale) return true;
    const { report, atMs } = last;
    const isAway = report.checks.some(({ result }) => result === 'away');
    return clock.monotonicMs() - atMs >= (report.chosen ? GOOD_MS : isAway ? AWAY_MS : BAD_MS);
  };

  return {
    /** Does not wait: what was found last counts until the next report is there. */
    preflight(): Preflight {
      if (isDue()) start();
      return last === null ? { state: 'not_ready', reason: 'The account at DigitalOcean is being examined' } : toPreflight(last.report);
    },
    /** Waits for a report: for the start of a process. */
    async first(): Promise<AccountReport | null> {
      if (last === null) start();
      await running;
      return last?.report ?? null;
    },
    /** US dollars a month; null: not known. */
    priceOf: (size: string | undefined): number | null => (size === undefined ? null : (last?.report.prices.get(size) ?? null)),
    chosen: (): ChosenDroplet | null => last?.report.chosen ?? null,
    /** Something did not work as the report says: the next one who asks has it made again. */
    again: () => void (isStale = true),
  };
}

function toPreflight({ checks, chosen }: AccountReport): Preflight {
  if (chosen) return { state: 'ready' };
  const reasons = checks.filter(({ result }) => result === 'failed' || result === 'away').map(({ name, detail }) => `${name}: ${detail}`);
  const isBroken = checks.some(({ result }) => result === 'failed');
  return { state: isBroken ? 'broken' : 'not_ready', reason: `DigitalOcean: ${reasons.join('; ')}` };
}

const summary = ({ checks }: AccountReport): string => JSON.stringify(checks);

function tell(logger: Logger, { checks, chosen }: AccountReport): void {
  for (const { name, result, detail } of checks) {
    if (result === 'failed') logger.error({ check: name }, `DigitalOcean: ${name}: ${detail}`);
    else if (result !== 'passed') logger.warn({ check: name }, `DigitalOcean: ${name}: ${detail}`);
    else logger.info({ check: name }, `DigitalOcean: ${name}: ${detail}`);
  }
  if (chosen) logger.info({ size: chosen.size, region: chosen.region, hourly_usd: chosen.hourlyUsd }, 'droplets can be made');
}
