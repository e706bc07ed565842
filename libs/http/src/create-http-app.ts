import { type RequestListener } from 'node:http';
import { type Logger } from '@trawling/runtime';
import express, { type Express } from 'express';
import { answerNotFound, answerProblem } from './error-handler.js';
import { createHotHandler, type HotRoute } from './hot-routes.js';
import { type HttpMetrics } from './http-metrics.js';
import { requestContext } from './request-context.js';

export type HttpAppOptions = {
  name: string;
  logger: Logger;
  /** Mounts everything: `(app) => mountRoutes(app, routes)`. */
  routes: (app: Express) => void;
  /** Short ways in front of Express. */
  hotRoutes?: readonly HotRoute[];
  metrics?: HttpMetrics;
};

/** An Express 5 app with request ids, request log and problem+json for whatever goes wrong. */
export function createHttpApp(options: HttpAppOptions): RequestListener {
  const { metrics } = options;
  const logger = options.logger.child({ component: options.name });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // our ETags are config hashes, never guesses over a body
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('env', 'production'); // Express itself never prints a stack
  app.use(requestContext(logger, metrics));
  options.routes(app);
  app.use(answerNotFound);
  app.use(answerProblem);

  const hot = createHotHandler({ routes: options.hotRoutes ?? [], logger, metrics });
  return (req, res) => {
    if (!hot(req, res)) app(req, res);
  };
}
