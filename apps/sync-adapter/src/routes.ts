import { type Authenticator, type Route } from '@trawling/http';
import { acksRoutes } from './acks/acks.routes.js';
import { agentFilesRoutes, type AgentFilesRoutesDeps } from './agent-files/agent-files.routes.js';
import { type AcknowledgeConfigDeps } from './acks/acknowledge-config.js';
import { type CallingBot } from './authentication/authenticate-bot.js';
import { lookingAgain } from './authentication/require-still-good.js';
import { bootRoutes, type BootRoutesDeps } from './boot/boot.routes.js';
import { configRoutes, type ConfigRoutesDeps } from './config/config.routes.js';
import { type CredentialsRoutesDeps, credentialsRoutes } from './credentials/credentials.routes.js';
import { enrollmentRoutes, type EnrollmentRoutesDeps } from './enrollment/enrollment.routes.js';
import { heartbeatRoutes } from './heartbeat/heartbeat.routes.js';
import { type RecordHeartbeatDeps } from './heartbeat/record-heartbeat.js';
import { keysRoutes } from './keys/keys.routes.js';
import { type ReadKeySetDeps } from './keys/read-key-set.js';
import { type LimitedRoute } from './limits/limits.js';
import { limitedBy, type RouteLimits } from './limits/route-limits.js';
import { reportsRoutes, type ReportsRoutesDeps } from './reports/reports.routes.js';
import { type RelaySecretsDeps } from './secrets/relay-secrets.js';
import { secretsRoutes } from './secrets/secrets.routes.js';
import { streamRoutes } from './stream/stream.routes.js';

export type SyncRoutesDeps = { auth: Authenticator<CallingBot>; rateLimits: RouteLimits } & EnrollmentRoutesDeps &
  BootRoutesDeps &
  AgentFilesRoutesDeps &
  Omit<ConfigRoutesDeps, 'checkAgain'> &
  ReadKeySetDeps &
  RelaySecretsDeps &
  CredentialsRoutesDeps &
  AcknowledgeConfigDeps &
  RecordHeartbeatDeps &
  ReportsRoutesDeps;

/** Everything a bot can say to us, on one screen. */
export const syncRoutes = (deps: SyncRoutesDeps): Route[] => {
  const limited = (name: LimitedRoute): SyncRoutesDeps => ({ ...deps, auth: limitedBy(deps.auth, deps.rateLimits[name]) });
  // A body may come for a minute.
  const written = (routes: Route[]): Route[] => routes.map((route) => lookingAgain(deps.auth.authenticate, route));
  return [
    ...agentFilesRoutes(deps), // GET  /agent/:sha256 and /openclaw/:sha256
    ...enrollmentRoutes(deps), // POST /bots/:bot_id/enroll
    ...bootRoutes(deps), // POST /bots/:bot_id/boot
    ...configRoutes({ ...limited('config'), checkAgain: deps.auth.authenticate }), // GET  /bots/:bot_id/config
    ...streamRoutes(deps), // GET  /bots/:bot_id/stream (WebSocket; without upgrade 426)
    ...keysRoutes(limited('keys')), // GET  /bots/:bot_id/keys
    ...secretsRoutes(limited('secrets')), // GET  /bots/:bot_id/secrets
    ...written(credentialsRoutes(limited('credentials'))), // POST /bots/:bot_id/credentials/rotate
    ...written(acksRoutes(limited('config_ack'))), // POST /bots/:bot_id/config_ack
    ...written(heartbeatRoutes(limited('heartbeat'))), // POST /bots/:bot_id/heartbeat
    ...written(reportsRoutes(deps)), // POST /bots/:bot_id/{metrics,events,webhook}
  ];
};
