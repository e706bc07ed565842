import { createHttpApp, healthRoutes, mountRoutes, openApiDocument, type OpenApiDocument, type ReadinessChecks, serveOpenApi } from '@trawling/http';
import type { Logger } from '@trawling/runtime';
import type { RequestListener } from 'node:http';
import { botsRoutes, type BotsRoutesDeps } from './bots/bots.routes.js';
import { commandsRoutes } from './bots/commands.routes.js';
import { versionsRoutes } from './bots/versions.routes.js';
import { reportsRoutes } from './reports/reports.routes.js';
import { secretsRoutes } from './secrets/secrets.routes.js';

export type HttpAppDeps = BotsRoutesDeps & { ready: () => Promise<ReadinessChecks>; version: string; logger: Logger };

/** Every route of routes.ts with what it does, and the document that describes them. */
export function controlPlaneApp(deps: HttpAppDeps): { app: RequestListener; document: OpenApiDocument } {
  const routes = [
    ...botsRoutes(deps),
    ...commandsRoutes(deps),
    ...versionsRoutes(deps),
    ...secretsRoutes(deps),
    ...reportsRoutes(deps),
    ...healthRoutes({ ready: deps.ready }),
  ];
  const document = openApiDocument({ title: 'Trawling Traders control-plane', version: deps.version, routes });
  const app = createHttpApp({
    name: 'api',
    logger: deps.logger,
    routes(express) {
      mountRoutes(express, routes);
      serveOpenApi(express, document);
    },
  });
  return { app, document };
}
