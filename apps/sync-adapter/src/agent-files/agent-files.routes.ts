import { type ProblemCode, Sha256 } from '@trawling/contracts';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { etagOf, knownHashes } from '../config/config-headers.js';

export interface AgentFilesRoutesDeps {
  /** Throws agent-build-not-found. */
  readAgentFile: (sha256: string) => Promise<Buffer>;
  /** Throws openclaw-lock-not-found. */
  readOpenclawLock: (sha256: string) => Promise<Buffer>;
}

/** With or without the algorithm's name in front. */
const FileParams = z.strictObject({
  sha256: z.string().transform((text) => (text.startsWith('sha256:') ? text : `sha256:${text}`)).pipe(Sha256),
});

/** The name of the content is its digest, so whoever has it has it for good. */
const FOREVER = 'public, max-age=31536000, immutable';

/** What a machine is made from, each under its digest. Nothing in it is secret, and a machine has no credential yet. */
export const agentFilesRoutes = (deps: AgentFilesRoutesDeps): Route[] => [
  fileRoute({
    path: '/agent/:sha256',
    operationId: 'getAgentFile',
    summary: 'The agent as one file; the machine checks it against the digest it was given',
    mediaType: 'text/javascript',
    missing: 'agent-build-not-found',
    read: deps.readAgentFile,
  }),
  fileRoute({
    path: '/openclaw/:sha256',
    operationId: 'getOpenclawLock',
    summary: 'The package-lock.json that a machine installs OpenClaw from; it checks the file against the digest it was given',
    mediaType: 'application/json',
    missing: 'openclaw-lock-not-found',
    read: deps.readOpenclawLock,
  }),
];

type FileRoute = {
  path: string;
  operationId: string;
  summary: string;
  mediaType: string;
  missing: ProblemCode;
  read: (sha256: string) => Promise<Buffer>;
};

const fileRoute = ({ path, operationId, summary, mediaType, missing, read }: FileRoute): Route =>
  defineRoute({
    method: 'get',
    path,
    operationId,
    summary,
    tags: ['enrollment'],
    auth: 'none',
    params: FileParams,
    responses: {
      200: { description: 'The file.', contentType: mediaType },
      304: null,
      problems: ['invalid-request', missing, 'unavailable', 'internal-error'],
    },
    async handler({ params, req }) {
      const file = await read(params.sha256);
      const headers = { 'Cache-Control': FOREVER, 'ETag': etagOf(params.sha256) };
      if (knownHashes(req.headers['if-none-match']).includes(params.sha256)) return { status: 304, headers };
      return { status: 200, headers: { ...headers, 'Content-Type': `${mediaType}; charset=utf-8` }, raw: file };
    },
  });
