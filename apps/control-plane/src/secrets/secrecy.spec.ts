import { until } from '@trawling/runtime/testing';
import { enroll } from '../testing/enroll.js';
import { makeBot } from '../testing/bots.js';
import { useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
const values = ['hunter2-first-value', 'correct-horse-second', 'battery-staple-third'];

/** Every table's rows as text. */
async function everythingStored(): Promise<string> {
  const { pool } = controlPlane().owner;
  const { rows } = await pool.query<{ name: string }>(
    "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'",
  );
  const texts = await Promise.all(rows.map(async ({ name }) => JSON.stringify((await pool.query(`SELECT t::text FROM ${name} t`)).rows)));
  return texts.join('\n');
}

describe('the value of a secret', () => {
  it('is in no answer, no log line and no column of any table', async () => {
    const { as, logs } = controlPlane();
    const api = await as('operator');
    const answers: string[] = [];
    const statuses: number[] = [];
    const note = (answer: { text: string; status: number }) => {
      answers.push(answer.text);
      statuses.push(answer.status);
    };

    const botId = await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: values[0] } });
    await enroll(controlPlane(), botId);
    note(await api.put(`/bots/${botId}/secrets/llm_api_key`).set('Idempotency-Key', 'once').send({ value: values[1] }));
    note(await api.put(`/bots/${botId}/secrets/other`).send({ value: values[2] }));
    note(await api.put(`/bots/${botId}/secrets/bad`).send({ value: values[2], surplus: values[2] }));
    note(await api.post('/bots').send({ owner_id: 'alice', settings: {}, secrets: { llm_api_key: values[0] } }));
    note(await api.put(`/bots/${botId}/secrets/bad`).type('application/json').send(`{"value": "${values[1]}`));
    note(await api.delete(`/bots/${botId}/secrets/other`));
    for (const path of ['', '/versions', '/versions/1', '/versions/2', '/events', '/metrics']) note(await api.get(`/bots/${botId}${path}`));
    expect(statuses).toEqual([202, 202, 400, 400, 400, 202, 200, 200, 200, 200, 200, 200]);
    await until(() => logs.join().includes('enrolled'));

    const seen = [...answers, ...logs, await everythingStored()].join('\n');
    for (const value of values) {
      expect(seen).not.toContain(value);
      expect(seen).not.toContain(Buffer.from(value).toString('base64').replace(/=+$/, ''));
      expect(seen).not.toContain(Buffer.from(value).toString('hex'));
    }
    expect(seen).toContain(botId);
  });

  it('is not in an API key’s row either: only its hash is', async () => {
    const { key } = await controlPlane().makeKey('admin');

    const stored = await everythingStored();
    expect(stored).not.toContain(key.slice(-43));
  });
});
