import { DomainError, problems } from '@trawling/contracts';
import { type ErrorRequestHandler, type RequestHandler } from 'express';
import { ZodError } from 'zod';
import { problemDocument, toDomainError } from './problem.js';
import { contextOf, pathOf } from './request-context.js';

/** Last in the chain before the error handler: nothing is mounted at this address. */
export const answerNotFound: RequestHandler = (req) => {
  throw new DomainError('not-found', `There is nothing at ${pathOf(req)}.`);
};

/** The one place that turns errors into responses. */
export const answerProblem: ErrorRequestHandler = (error: unknown, req, res, _next) => {
  const domainError = toDomainError(error);
  const { status, log: level } = problems[domainError.code];
  const { requestId, log } = contextOf(req);
  const line = {
    code: domainError.code,
    status,
    method: req.method,
    path: pathOf(req),
    ...(domainError.code === 'internal-error' ? { err: error } : { detail: domainError.message }),
  };
  // Requests are parsed with parseRequest; a bare ZodError may just as well be about something we stored.
  if (error instanceof ZodError) log.warn({ ...line, err: error }, 'request refused by a schema inside the handler');
  else log[level](line, 'request refused');

  if (res.headersSent) {
    // Half an answer is out: the only honest end is to break the connection.
    res.destroy();
    return;
  }
  const problem = problemDocument(domainError, requestId);
  if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
  if (status === 429 || status === 503) res.setHeader('Retry-After', String(retryAfter(domainError)));
  res.status(status).type('application/problem+json').send(JSON.stringify(problem));
};

/** Seconds; whoever throws may say so with the extension `retry_after`. */
function retryAfter(error: DomainError): number {
  const given = error.extensions['retry_after'];
  return typeof given === 'number' ? Math.max(1, Math.ceil(given)) : 5;
}
