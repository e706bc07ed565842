import { CapabilitiesView, DomainError, INSTANCE_STATUS_MEDIA_TYPE, InstanceStatus, ShortStatus } from '@trawling/contracts';
import { chooseMediaType, shortStatusOf } from '@trawling/domain';
import { defineRoute, type Route } from './define-route.js';

/** Who is asked; `Instance` of @trawling/status-publisher is one. */
export type StatusRoutesDeps = { status: () => InstanceStatus; capabilities: () => CapabilitiesView };

const SHORT = 'application/json';

/** It is of this moment only. */
const headers = { 'Cache-Control': 'no-store' };

/** `/status`: the short form, or the whole payload for who asks for its media type. `/capabilities`: what it can do, in words. */
export const statusRoutes = (instance: StatusRoutesDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/status',
    operationId: 'getStatus',
    summary: 'How this instance is: in short, or all that it publishes',
    tags: ['health'],
    auth: 'none',
    responses: {
      200: { description: 'In short, or the payload that is published', schema: ShortStatus, alternatives: { [INSTANCE_STATUS_MEDIA_TYPE]: InstanceStatus } },
      problems: ['not-acceptable'],
    },
    handler({ req, res }) {
      // Also of a refusal: with another Accept there is an answer.
      res.setHeader('Vary', 'Accept');
      const type = chooseMediaType(req.headers.accept, [SHORT, INSTANCE_STATUS_MEDIA_TYPE]);
      if (type === null) throw new DomainError('not-acceptable', `Accept ${SHORT} or ${INSTANCE_STATUS_MEDIA_TYPE}.`);
      const status = instance.status();
      if (type === SHORT) return { status: 200, headers, body: shortStatusOf(status) };
      return { status: 200, headers: { ...headers, 'Content-Type': INSTANCE_STATUS_MEDIA_TYPE }, raw: JSON.stringify(status) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/capabilities',
    operationId: 'getCapabilities',
    summary: 'What this instance can do',
    tags: ['health'],
    auth: 'none',
    responses: { 200: CapabilitiesView },
    handler: () => ({ status: 200, headers, body: instance.capabilities() }),
  }),
];
