import { DomainError } from '@trawling/contracts';
import { z } from 'zod';
import { defineRoute, type Route } from './define-route.js';

const Check = z.object({ ok: z.boolean(), detail: z.string().optional() });
export const Health = z.object({ status: z.literal('ok') });
export const Readiness = z.object({ status: z.literal('ready'), checks: z.record(z.string(), Check) });
export type ReadinessChecks = Record<string, boolean | z.infer<typeof Check>>;

/** `/healthz`: the process answers. `/readyz`: it can do its work; 503 `unavailable` with the checks otherwise. */
export function healthRoutes(options: { ready: () => ReadinessChecks | Promise<ReadinessChecks> }): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/healthz',
      operationId: 'getHealth',
      summary: 'The process is alive',
      tags: ['health'],
      auth: 'none',
      responses: { 200: Health },
      handler: () => ({ status: 200, body: { status: 'ok' } }),
    }),
    defineRoute({
      method: 'get',
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'The process can do its work',
      tags: ['health'],
      auth: 'none',
      responses: { 200: Readiness, problems: ['unavailable'] },
      async handler({ log }) {
        const checks = await runChecks(options.ready, (error) => log.warn({ err: error }, 'a readiness check threw'));
        if (Object.values(checks).every((check) => check.ok)) return { status: 200, body: { status: 'ready', checks } };
        const failed = Object.keys(checks).filter((name) => !checks[name]?.ok);
        throw new DomainError('unavailable', `Not ready: ${failed.join(', ')}`, { checks });
      },
    }),
  ];
}

async function runChecks(
  ready: () => ReadinessChecks | Promise<ReadinessChecks>,
  onError: (error: unknown) => void,
): Promise<Record<string, z.infer<typeof Check>>> {
  try {
    const checks = Object.entries(await ready());
    return Object.fromEntries(checks.map(([name, check]) => [name, typeof check === 'boolean' ? { ok: check } : check]));
  } catch (error) {
    onError(error);
    return { checks: { ok: false, detail: 'the checks could not be run' } };
  }
}
