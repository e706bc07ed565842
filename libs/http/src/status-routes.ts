import { CapabilitiesView, INSTANCE_STATUS_MEDIA_TYPE, InstanceStatus, ShortStatus } from '@trawling/contracts';
import { answerCapabilities, answerStatus, type Instance } from '@trawling/status-publisher';
import { defineRoute, type Route } from './define-route.js';

/** `/status`: the short form, or the whole payload for who asks for its media type. `/capabilities`: what it can do, in words. */
export const statusRoutes = (instance: Pick<Instance, 'status' | 'capabilities'>): Route[] => [
  defineRoute({
    method: 'get',
    path: '/status',
    operationId: 'getStatus',
    summary: 'How this instance is: in short, or all that it publishes',
    tags: ['health'],
    auth: 'none',
    responses: {
      200: { description: 'In short, or the payload that is published', schema: ShortStatus, alternatives: { [INSTANCE_STATUS_MEDIA_TYPE]: InstanceStatus } },
    },
    handler({ req }) {
      const { headers, body } = answerStatus(instance, req.headers.accept);
      return { status: 200, headers, raw: body };
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
    handler() {
      const { headers, body } = answerCapabilities(instance);
      return { status: 200, headers, raw: body };
    },
  }),
];
