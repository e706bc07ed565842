import { type ServerResponse } from 'node:http';
import { type DomainError, problems } from '@trawling/contracts';

/** Every answer ends its connection: callers are on this very machine, and stopping waits for none of them. */
export function answer(response: ServerResponse, status: number, body: string, headers: Record<string, string>): void {
  response.writeHead(status, { Connection: 'close', ...headers }).end(body);
}

export const answerJson = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void =>
  answer(response, status, JSON.stringify(body), { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers });

/** The error as the table has it; its extension `retry_after` becomes a header. */
export function answerProblem(response: ServerResponse, error: DomainError, headers: Record<string, string> = {}): void {
  const { status, title } = problems[error.code];
  const { retry_after, ...extensions } = error.extensions;
  const body = { type: `/problems/${error.code}`, title, status, code: error.code, detail: error.message, ...extensions };
  answerJson(response, status, body, { ...headers, ...(typeof retry_after === 'number' ? { 'Retry-After': String(retry_after) } : {}) });
}
