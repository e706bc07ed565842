import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type Logger } from '@trawling/runtime';
import express, { type Express } from 'express';
import { answerNotFound, answerProblem } from './error-handler.js';
import { requestContext } from './request-context.js';

export type HttpAppOptions = {
  name: string;
  logger: Logger;
  /** Mounts everything: `(app) => mountRoutes(app, routes)`. */
  routes: (app: Express) => void;
  /** Answers hot paths without the cost of Express; true means answered. Must not throw. */
  before?: (req: IncomingMessage, res: ServerResponse) => boolean;
};

/** An Express 5 app with request ids, request log and problem+json for whatever goes wrong. */
export function createHttpApp(options: HttpAppOptions): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // our ETags are config hashes, never guesses over a body
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('env', 'production'); // Express itself never prints a stack
  app.use(requestContext(options.logger.child({ component: options.name })));
  options.routes(app);
  app.use(answerNotFound);
  app.use(answerProblem);

  const { before } = options;
  return (req, res) => {
    if (before?.(req, res)) return;
    app(req, res);
  };
}
