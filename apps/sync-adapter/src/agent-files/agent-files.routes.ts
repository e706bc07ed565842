import { Sha256 } from '@trawling/contracts';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { etagOf, knownHashes } from '../config/config-headers.js';

export interface AgentFilesRoutesDeps {
  /** Throws agent-build-not-found. */
  readAgentFile: (sha256: string) => Promise<Buffer>;
}

/** With or without the algorithm's name in front. */
const AgentFileParams = z.strictObject({
  sha256: z.string().transform((text) => (text.startsWith('sha256:') ? text : `sha256:${text}`)).pipe(Sha256),
});

/** The name of the content is its digest, so whoever has it has it for good. */
const FOREVER = 'public, max-age=31536000, immutable';

export const agentFilesRoutes = (deps: AgentFilesRoutesDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/agent/:sha256',
    operationId: 'getAgentFile',
    summary: 'The agent as one file; the machine checks it against the digest it was given',
    tags: ['enrollment'],
    auth: 'none',
    params: AgentFileParams,
    responses: {
      200: { description: 'The file.', contentType: 'text/javascript' },
      304: null,
      problems: ['invalid-request', 'agent-build-not-found', 'unavailable', 'internal-error'],
    },
    async handler({ params, req }) {
      const file = await deps.readAgentFile(params.sha256);
      const headers = { 'Cache-Control': FOREVER, 'ETag': etagOf(params.sha256) };
      if (knownHashes(req.headers['if-none-match']).includes(params.sha256)) return { status: 304, headers };
      return { status: 200, headers: { ...headers, 'Content-Type': 'text/javascript; charset=utf-8' }, raw: file };
    },
  }),
];
