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
  /**
   * Answers hot paths without the cost of Express; true means answered. Has no request id and no log line. When it
   * throws before it has written anything, the request goes on to Express.
   */
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

  const { before, logger } = options;
  const answered = (hot: NonNullable<typeof before>, req: IncomingMessage, res: ServerResponse): boolean => {
    try {
      return hot(req, res);
    } catch (error) {
      logger.error({ err: error }, 'the hot path threw');
      if (!res.headersSent) return false;
      res.destroy();
      return true;
    }
  };
  return (req, res) => {
    if (before && answered(before, req, res)) return;
    app(req, res);
  };
}
