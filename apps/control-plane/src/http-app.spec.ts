import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { api as operations } from './routes.js';
import { useControlPlane } from './testing/open-test-control-plane.js';

const OpenApi = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))) });

describe('the API', () => {
  const controlPlane = useControlPlane({ agentBuild: false });

  const ofStatus = ['getHealth: get /healthz', 'getReadiness: get /readyz', 'getStatus: get /status', 'getCapabilities: get /capabilities'];

  it('documents exactly what routes.ts lists, health and status', async () => {
    const { body } = await controlPlane().anonymous.get('/openapi.json');

    const documented = Object.entries(OpenApi.parse(body).paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${operationId}: ${method} ${path}`),
    );
    const listed = Object.entries(operations).map(([id, { method, path }]) => `${id}: ${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(documented.sort()).toEqual([...listed, ...ofStatus].sort());
  });

  it('says that it is alive and ready', async () => {
    const { anonymous } = controlPlane();

    expect((await anonymous.get('/healthz')).body).toEqual({ status: 'ok' });
    await until(async () => (await anonymous.get('/readyz')).status === 200, { timeoutMs: 25_000 });
    expect((await anonymous.get('/readyz')).body).toMatchObject({ status: 'ready', checks: { database: { ok: true }, queue: { ok: true } } });
  });

  it('refuses to create bots while no agent build is published, and says so', async () => {
    const api = await controlPlane().as('owner', 'alice');

    const refused = await api.post('/bots').send({ settings: { name: 'Too early' } });

    expect(refused.body).toMatchObject({ status: 503, code: 'unavailable', detail: expect.stringContaining('no agent build published') });
    expect(await controlPlane().owner.prisma.bot.count()).toBe(0);
  });

  it.each([
    ['get', '/nothing', 404, 'not-found'],
    ['put', '/bots', 405, 'method-not-allowed'],
  ] as const)('answers %s %s with a problem', async (method, path, status, code) => {
    const api = await controlPlane().as('admin');

    const answer = await api[method](path);

    expect(answer.body).toMatchObject({ status, code });
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });
});
