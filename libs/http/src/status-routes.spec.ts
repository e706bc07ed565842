import { INSTANCE_STATUS_MEDIA_TYPE, type InstanceStatus } from '@trawling/contracts';
import { createMemoryLogger } from '@trawling/runtime/testing';
import supertest from 'supertest';
import { createHttpApp } from './create-http-app.js';
import { mountRoutes } from './mount-routes.js';
import { openApiDocument } from './openapi-document.js';
import { statusRoutes } from './status-routes.js';
import { holdToOpenApi } from './testing/index.js';

const status: InstanceStatus = {
  schema_version: '1.0.0', service_name: 'provisioner', instance_id: 'i-1', sequence: 7, timestamp: '2026-11-01T00:00:00.000Z', uptime_seconds: 3,
  version: '0.1.0', capabilities: ['machines.local'], capacity: { concurrent_tasks: 8, queue_length: 2 },
  health: { status: 'healthy', details: { last_task_success_seconds: null, publish_interval_seconds: 30 } },
};
const capabilities = { service_name: 'provisioner', version: '0.1.0', capabilities: [{ name: 'machines.local', description: 'Processes' }] };

const routes = statusRoutes({ status: () => status, capabilities: () => capabilities });
const bare = createHttpApp({ name: 'test', logger: createMemoryLogger().logger, routes: (express) => mountRoutes(express, routes) });
const app = holdToOpenApi(bare, openApiDocument({ title: 'test', version: '1', routes }));

describe('GET /status', () => {
  it('is short unless the whole is asked for, and says that it depends on that', async () => {
    const answer = await supertest(app).get('/status').expect(200);

    expect(answer.body).toEqual({ agent_name: 'provisioner', status: 'Available', active_jobs: 2, timestamp: status.timestamp });
    expect(answer.headers).toMatchObject({ 'content-type': expect.stringContaining('application/json'), 'vary': 'Accept', 'cache-control': 'no-store' });
  });

  it('is the whole payload in its own media type for who asks for that', async () => {
    const answer = await supertest(app).get('/status').set('Accept', INSTANCE_STATUS_MEDIA_TYPE).expect(200);

    expect(JSON.parse(answer.text || String(answer.body))).toEqual(status);
    expect(answer.headers).toMatchObject({ 'content-type': INSTANCE_STATUS_MEDIA_TYPE, 'vary': 'Accept' });
  });
});

describe('GET /capabilities', () => {
  it('names what the instance can do, in words', async () => {
    expect((await supertest(app).get('/capabilities').expect(200)).body).toEqual(capabilities);
  });
});
