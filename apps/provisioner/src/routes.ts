import { defineRoute, healthRoutes, type ReadinessChecks, type Route } from '@trawling/http';
import { z } from 'zod';

const ProvisionerStatus = z.object({
  name: z.string(),
  version: z.string(),
  driver: z.string(),
  queue: z.enum(['redis', 'postgres']),
  /** Whether machines can be made now, and why not. */
  machines: z.object({ state: z.string(), reason: z.string().optional() }),
  /** Machines with our fleet's tag whose bot nobody knows, what they cost a month, and why they are not destroyed. */
  orphans: z.object({ count: z.int(), monthly_usd: z.number(), held: z.string().nullable() }),
  /** So many machines are missing at once that none is made anew. */
  provider_in_doubt: z.boolean(),
});
export type ProvisionerStatus = z.infer<typeof ProvisionerStatus>;

export type ProvisionerRoutesDeps = {
  ready: () => Promise<ReadinessChecks>;
  status: () => Promise<ProvisionerStatus>;
};

/** All that the provisioner answers; on loopback, for those who watch it. */
export const provisionerRoutes = (deps: ProvisionerRoutesDeps): Route[] => [
  ...healthRoutes({ ready: deps.ready }),
  defineRoute({
    method: 'get',
    path: '/status',
    operationId: 'getStatus',
    summary: 'What this provisioner works with',
    tags: ['health'],
    auth: 'none',
    responses: { 200: ProvisionerStatus },
    handler: async () => ({ status: 200, body: await deps.status() }),
  }),
];
