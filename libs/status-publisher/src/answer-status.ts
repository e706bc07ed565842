import { INSTANCE_STATUS_MEDIA_TYPE } from '@trawling/contracts';
import { type Instance } from './instance.js';
import { shortStatus } from './short-status.js';

/** An HTTP answer for whatever serves it: Express, or a bare node:http listener. */
export type Answer = { status: number; headers: Record<string, string>; body: string };

/**
 * `GET /status`: the short form, unless the `Accept` header asks for the whole payload by its name
 * (`application/vnd.openclaw.status+json`). Never 406: who accepts neither gets the short form (RFC 9110, 12.5.1).
 * Always 200, also when the instance is degraded: whether it is ready is `/readyz`'s question.
 */
export function answerStatus(instance: Pick<Instance, 'status'>, accept: string | undefined): Answer {
  const status = instance.status();
  return wantsWholeStatus(accept) ? json(INSTANCE_STATUS_MEDIA_TYPE, status) : json('application/json', shortStatus(status));
}

/** `GET /capabilities`. */
export const answerCapabilities = (instance: Pick<Instance, 'capabilities'>): Answer => json('application/json', instance.capabilities());

function json(contentType: string, value: object): Answer {
  return { status: 200, headers: { 'Content-Type': contentType, 'Cache-Control': 'no-store', Vary: 'Accept' }, body: JSON.stringify(value) };
}

/** Only by name: a wildcard is satisfied by the short form. Of the two, the one that is liked more; the whole one when both are named alike. */
export function wantsWholeStatus(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(readRange);
  const whole = quality(ranges, [INSTANCE_STATUS_MEDIA_TYPE]);
  return whole !== undefined && whole > 0 && whole >= (quality(ranges, ['application/json', 'application/*', '*/*']) ?? 0);
}

type Range = { type: string; quality: number };

/** The most specific range that is there decides. */
const quality = (ranges: Range[], names: string[]): number | undefined =>
  names.map((name) => ranges.find(({ type }) => type === name)).find((range) => range !== undefined)?.quality;

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = weight === undefined ? 1 : Number(weight);
  return { type, quality: Number.isFinite(quality) ? Math.min(1, Math.max(0, quality)) : 0 };
}
