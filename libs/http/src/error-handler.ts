import { DomainError, problems } from '@trawling/contracts';
import { type ErrorRequestHandler, type RequestHandler } from 'express';
import { problemReply, toDomainError } from './problem.js';
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
  log[level](line, 'request refused');

  if (res.headersSent) {
    // Half an answer is out: the only honest end is to break the connection.
    res.destroy();
    return;
  }
  const { headers, raw } = problemReply(domainError, requestId);
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.status(status).end(raw);
};
