import { DomainError } from '@trawling/contracts';
import { isDatabaseAway } from '@trawling/database';
import { createHttpApp, type HttpMetrics, mountRoutes, openApiDocument, type OpenApiDocument, type Route, serveOpenApi } from '@trawling/http';
import type { Logger } from '@trawling/runtime';
import type { RequestListener } from 'node:http';
import { botsRoutes, type BotsRoutesDeps } from './bots/bots.routes.js';
import { commandsRoutes } from './bots/commands.routes.js';
import { versionsRoutes } from './bots/versions.routes.js';
import { directoryRoutes, type DirectoryRoutesDeps } from './directory/directory.routes.js';
import { reportsRoutes } from './reports/reports.routes.js';
import { secretsRoutes } from './secrets/secrets.routes.js';

export type HttpAppDeps = BotsRoutesDeps & DirectoryRoutesDeps & {
  /** By which others see how this process is. */
  statusRoutes: readonly Route[];
  metrics: HttpMetrics;
  version: string;
  logger: Logger;
};

/** Every route of routes.ts with what it does, and the document that describes them. */
export function controlPlaneApp(deps: HttpAppDeps): { app: RequestListener; document: OpenApiDocument } {
  const routes = [
    ...botsRoutes(deps),
    ...commandsRoutes(deps),
    ...versionsRoutes(deps),
    ...secretsRoutes(deps),
    ...reportsRoutes(deps),
    ...directoryRoutes(deps),
    ...deps.statusRoutes,
  ].map(unavailableWithoutDatabase);
  const document = openApiDocument({ title: 'Trawling Traders control-plane', version: deps.version, routes });
  const app = createHttpApp({
    name: 'api',
    logger: deps.logger,
    metrics: deps.metrics,
    routes(express) {
      mountRoutes(express, routes);
      serveOpenApi(express, document);
    },
  });
  return { app, document };
}

/** A database that is away for a moment is no fault of ours: 503, ask again. Reading as well as changing needs it. */
function unavailableWithoutDatabase(route: Route): Route {
  return {
    ...route,
    responses: { ...route.responses, problems: [...(route.responses.problems ?? []), 'unavailable'] },
    authenticate: (req) =>
      orUnavailable(async () => {
        const answer = await route.authenticate(req);
        return (...request) => orUnavailable(() => answer(...request));
      }),
  };
}

async function orUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
    throw new DomainError('unavailable', 'The database does not answer: try again');
  }
}
