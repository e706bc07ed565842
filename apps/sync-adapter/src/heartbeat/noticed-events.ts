import type { EventRow } from '@trawling/database';
import { v5 as uuid5 } from 'uuid';

/** What the server notices in a heartbeat and tells the owner itself. */
export type Noticed =
  | { type: 'state-regressed'; desiredVersion: number; reportedVersion: number }
  | { type: 'duplicate-identity'; bootId: string };

const NAMESPACE = '5f0c2f3e-3d0b-5f5a-9a8e-1f4c6f0f6a51';
const HOUR_MS = 3_600_000;

/**
 * The event for what was noticed. Its id is made from what it is about, so that whoever notices the same again, this
 * replica or another one, adds nothing: a regression is told once for each version, a second machine once an hour.
 */
export function noticedEvent(botId: string, noticed: Noticed, now: Date): EventRow {
  const { type } = noticed;
  const once = type === 'state-regressed' ? noticed.reportedVersion : Math.floor(now.getTime() / HOUR_MS);
  return { id: uuid5(`${botId}/${type}/${once}`, NAMESPACE), type, timestamp: now, source: 'server', ...wordsOf(noticed) };
}

function wordsOf(noticed: Noticed): Pick<EventRow, 'severity' | 'message' | 'data'> {
  if (noticed.type === 'duplicate-identity') {
    return {
      severity: 'error',
      message: 'An earlier boot of this machine spoke again after a later one: two machines share one identity. Replace the machine if you did not copy it.',
      data: JSON.stringify({ boot_id: noticed.bootId }),
    };
  }
  const { desiredVersion, reportedVersion } = noticed;
  return {
    severity: 'warning',
    message: `The bot knows version ${reportedVersion}, but ${desiredVersion} is the newest here: was the database restored from an older copy? The next change gets a version above both.`,
    data: JSON.stringify({ desired_version: desiredVersion, reported_version: reportedVersion }),
  };
}
