/**
 * `unreachable`: no readable answer (network, time-out, 5xx, HTML of a proxy). `refused`: the API said no.
 * `rate-limited`: still too many requests after the retries. `aborted`: the caller gave up.
 */
export type DigitalOceanFailure = 'unreachable' | 'refused' | 'rate-limited' | 'aborted';

/** A call that did not work. Carries nothing of the request: no token, no user data. */
export class DigitalOceanError extends Error {
  readonly kind: DigitalOceanFailure;
  /** Null without an answer. */
  readonly status: number | null;
  /** DigitalOcean's own word, e.g. `forbidden`. */
  readonly id: string | null;
  /** For their support. */
  readonly requestId: string | null;

  constructor(message: string, details: { kind: DigitalOceanFailure; status?: number | null; id?: string | null; requestId?: string | null }) {
    super(message);
    this.name = 'DigitalOceanError';
    this.kind = details.kind;
    this.status = details.status ?? null;
    this.id = details.id ?? null;
    this.requestId = details.requestId ?? null;
  }
}
