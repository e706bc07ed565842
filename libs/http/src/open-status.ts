import { type Logger, type OnStop } from '@trawling/runtime';
import { type Instance, openInstance, openRegistration, type Probes, type PublisherEnv } from '@trawling/status-publisher';
import { type Route } from './define-route.js';
import { healthRoutes } from './health-routes.js';
import { type Metrics } from './http-metrics.js';
import { type ReadinessCheck, type ReadinessWatch, watchReadiness } from './readiness.js';
import { statusRoutes } from './status-routes.js';

export type StatusOptions = {
  serviceName: string;
  version: string;
  logger: Logger;
  env: PublisherEnv;
  /** What comes with the app; AGENT_REGISTRATION_FILE names another one. */
  registrationFile: string;
  /** Capabilities of that file which this process has, as it is configured. Default: all. */
  offers?: (capability: string) => boolean;
  /** What the app needs to do its work: `/readyz`, and degraded while one does not pass. */
  checks: Readonly<Record<string, ReadinessCheck>>;
  probes: Probes;
  /** Where the checks and what publishing counts are shown. */
  metrics: Metrics;
};

export type Status = {
  instance: Instance;
  readiness: ReadinessWatch;
  /** /healthz, /readyz, /status and /capabilities. */
  routes: Route[];
};

/**
 * Everything by which others know how a server app is, published where OPENCLAW_BASE_URL says. Open it after what it asks
 * and before what does the work, so that `offline` is said when the work has ended; and register
 * `onStop(instance.drain)` last of all, so that `draining` is said first.
 */
export async function openStatus(onStop: OnStop, options: StatusOptions): Promise<Status> {
  const { serviceName, version, logger, env, checks, probes, metrics } = options;
  const registration = await openRegistration({ file: env.AGENT_REGISTRATION_FILE ?? options.registrationFile, logger });
  onStop(() => registration.close(), 'agent registration');
  const { offers = () => true } = options;
  const offered = { enabled: () => registration.enabled().filter(({ name }) => offers(name)) };
  const readiness = watchReadiness(checks, { logger });
  onStop(() => readiness.close(), 'readiness');
  metrics.gauges('ready', 'Whether a check of /readyz passes.', ['check'], async () =>
    Object.entries(await readiness.check()).map(([check, passed]) => ({ labels: { check }, value: passed === true ? 1 : 0 })));
  const impairedBy = (): string | null => readiness.impairedBy() ?? probes.impairedBy?.() ?? null;
  const instance = openInstance({ serviceName, version, registration: offered, env, logger, probes: { ...probes, impairedBy }, registry: metrics.registry });
  onStop(() => instance.stop(), 'published status');
  return { instance, readiness, routes: [...healthRoutes({ ready: readiness.check }), ...statusRoutes(instance)] };
}
