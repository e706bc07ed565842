import { LONGEST_OFFLINE_WAIT_SECONDS } from '@trawling/domain';
import { backoffMs } from '@trawling/runtime';

/** About ten minutes at the short pace: a restarted server is found again within half a minute. */
const PATIENT_FAILURES = 25;
const SHORT_MS = 30_000;
const LONG_MS = LONGEST_OFFLINE_WAIT_SECONDS * 1000;

/** How long to wait after the nth failure in a row (0 is the first) to reach the sync-adapter, in milliseconds. */
export const offlineBackoffMs = (failures: number, random: () => number): number =>
  backoffMs({ attempt: failures, baseMs: 1_000, maxMs: failures < PATIENT_FAILURES ? SHORT_MS : LONG_MS, random });
