import { STATUS_PATH } from '@trawling/contracts';

/** The API on one screen: operation id → method and address. The features' route files take theirs from here. */
export const api = {
  createBot: { method: 'post', path: '/bots' },
  listBots: { method: 'get', path: '/bots' },
  getBot: { method: 'get', path: '/bots/:bot_id' },
  updateBot: { method: 'patch', path: '/bots/:bot_id' },
  decommissionBot: { method: 'delete', path: '/bots/:bot_id' },
  rollbackBot: { method: 'post', path: '/bots/:bot_id/rollback' },
  pauseBot: { method: 'post', path: '/bots/:bot_id/pause' },
  resumeBot: { method: 'post', path: '/bots/:bot_id/resume' },
  rebuildBot: { method: 'post', path: '/bots/:bot_id/rebuild' },
  retryBot: { method: 'post', path: '/bots/:bot_id/retry' },
  listVersions: { method: 'get', path: '/bots/:bot_id/versions' },
  getVersion: { method: 'get', path: '/bots/:bot_id/versions/:version' },
  diffVersions: { method: 'get', path: '/bots/:bot_id/versions/:from/diff/:to' },
  putSecret: { method: 'put', path: '/bots/:bot_id/secrets/:name' },
  deleteSecret: { method: 'delete', path: '/bots/:bot_id/secrets/:name' },
  listEvents: { method: 'get', path: '/bots/:bot_id/events' },
  listMetrics: { method: 'get', path: '/bots/:bot_id/metrics' },
  publishStatus: { method: 'post', path: STATUS_PATH },
  listInstances: { method: 'get', path: '/openclaw/instances' },
  getInstance: { method: 'get', path: '/openclaw/instances/:instance_id' },
  streamInstances: { method: 'get', path: '/openclaw/stream' },
  // From libs/http: GET /healthz, /readyz, /status, /capabilities and /openapi.json.
} as const;

type Api = typeof api;

/** Where an operation is mounted, as `defineRoute` takes it. */
export const at = <Id extends keyof Api>(operationId: Id): { operationId: Id } & Api[Id] => ({ operationId, ...api[operationId] });
