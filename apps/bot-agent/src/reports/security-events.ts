import { type JsonObject } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { type Reporter } from './reporter.js';

/** Somebody tried what only an attacker or a defect tries. */
export type SecurityEventType =
  | 'security.config_refused'
  | 'security.key_set_refused'
  | 'security.secret_refused'
  | 'security.rotation_refused'
  | 'security.stream_replaced';

export interface SecurityEvents {
  /** Reports it, unless the same (type and reason) was reported less than an hour ago. Never throws. */
  say(type: SecurityEventType, reason: string, message: string, data?: JsonObject): void;
}

const AGAIN_MS = 3_600_000;
/** Reasons come from small sets; this bounds them whatever they come from. */
const ROOM = 100;

/** What is refused again and again is told once an hour: the spool must not fill with it. */
export function createSecurityEvents(deps: { reporter: Pick<Reporter, 'event'>; clock: Clock; logger: Logger }): SecurityEvents {
  const said = new Map<string, number>();

  return {
    say: (type, reason, message, data = {}) => {
      const key = `${type} ${reason}`;
      const nowMs = deps.clock.monotonicMs();
      const lastMs = said.get(key);
      if (lastMs !== undefined && nowMs - lastMs < AGAIN_MS) return;
      if (said.size >= ROOM) said.clear();
      said.set(key, nowMs);
      deps.logger.error({ type, reason, message }, 'refused');
      deps.reporter
        .event(type, 'error', message.slice(0, 2000), { ...data, reason, security: true })
        .catch((error: unknown) => deps.logger.warn({ err: error, type }, 'a security event could not be kept'));
    },
  };
}
