import { InstanceDetail, InstanceFilter, InstanceId, InstanceList, ListInstancesQuery } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { defineRoute, namesEtag, type Route } from '@trawling/http';
import { z } from 'zod';
import { publisher, reader } from '../auth/api-key-auth.js';
import { at } from '../routes.js';
import { getInstance } from './get-instance.js';
import type { InstanceStreams } from './instance-streams.js';
import { listInstances } from './list-instances.js';
import { publishStatus, type PublishStatusDeps } from './publish-status.js';
import { StatusBody } from './read-status.js';

export type DirectoryRoutesDeps = { db: Transaction; streams: Pick<InstanceStreams, 'open'> } & PublishStatusDeps;

/** Bytes of a status; every stream keeps all of them in memory. */
const STATUS_LIMIT = 32 * 1024;

const InstanceParams = z.strictObject({ instance_id: InstanceId });

export const directoryRoutes = (deps: DirectoryRoutesDeps): Route[] => [
  defineRoute({
    ...at('publishStatus'),
    summary: 'Publish the status of one instance of a service',
    description: 'The whole status or its short form. The same or an older one of an instance changes nothing. Keys of role publisher, operator or admin.',
    tags: ['directory'],
    auth: publisher(deps),
    body: StatusBody,
    bodyLimit: STATUS_LIMIT,
    logLevel: 'debug',
    responses: { 204: null, problems: ['instance-of-another-key', 'rate-limited', 'unsupported-schema-version'] },
    async handler({ auth: caller, body, log }) {
      await publishStatus(deps, { caller, body, log });
      return { status: 204 };
    },
  }),
  defineRoute({
    ...at('listInstances'),
    summary: 'List instances of services, and bots: who can do what, how they are and how much room they have',
    description: 'The weak ETag stays while nothing but times, uptime and details moves: send it as If-None-Match and get 304.',
    tags: ['directory'],
    auth: reader(deps),
    query: ListInstancesQuery,
    responses: { 200: InstanceList, 304: null },
    async handler({ auth: caller, query, req }) {
      const { list, etag } = await listInstances(deps, { caller, query });
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' };
      if (namesEtag(req.headers['if-none-match'], etag)) return { status: 304, headers };
      return { status: 200, headers, raw: JSON.stringify(list) };
    },
  }),
  defineRoute({
    ...at('getInstance'),
    summary: 'One instance with its recent history, newest first',
    tags: ['directory'],
    auth: reader(deps),
    params: InstanceParams,
    responses: { 200: InstanceDetail, problems: ['instance-not-found'] },
    async handler({ auth: caller, params }) {
      return { status: 200, body: await getInstance(deps, { caller, instanceId: params.instance_id }) };
    },
  }),
  defineRoute({
    ...at('streamInstances'),
    summary: 'Follow the instances that match, as Server-Sent Events',
    description:
      'First `instance` for each that is there, then `current`, then `instance` for each change and `gone` for each that matches no more. ' +
      'Who connects again gets what is there again.',
    tags: ['directory'],
    auth: reader(deps),
    query: InstanceFilter,
    responses: {
      200: { description: 'Events `instance`, `current` and `gone`; comments as signs of life', contentType: 'text/event-stream' },
      problems: ['rate-limited', 'unavailable'],
    },
    async handler({ auth: caller, query: filter, req, res }) {
      const stream = await deps.streams.open({
        keyId: caller.keyId,
        ownerId: caller.ownerId,
        filter,
        onClosed(release) {
          res.once('close', release);
          // Who left while the key was looked up closed before anybody listened.
          if (req.socket.destroyed) release();
        },
      });
      const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' };
      return { status: 200, headers, stream };
    },
  }),
];
