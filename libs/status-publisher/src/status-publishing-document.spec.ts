import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultHealthDetails, InstanceStatus, ShortStatusWord } from '@trawling/contracts';
import { envVariables, systemClock } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { Registry } from 'prom-client';
import { PublisherEnv } from './publisher-env.js';
import { createTelemetry } from './publish-telemetry.js';
import { readAnswer } from './read-answer.js';
import { parseRegistration } from './registration.js';
import { waitAfter } from './wait-after.js';

const page = readFileSync(join(__dirname, '../../../docs/status-publishing.md'), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
/** Rows of tables whose first cell is code, as cells. */
const rows = page.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
const inCode = (cell: string | undefined): string[] => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe('docs/status-publishing.md', () => {
  it('lists every variable with its default', () => {
    const variables = envVariables(PublisherEnv);

    expect(variables.map(({ name }) => name).sort()).toEqual(rows.flatMap(([first]) => inCode(first)).filter((name) => /^[A-Z]+_[A-Z_]+$/.test(name)).sort());
    for (const { name, default: value } of variables.filter((one) => one.default !== undefined)) {
      expect(rows.find(([first]) => first === `\`${name}\``)?.[2]).toBe(value);
    }
  });

  it('shows a payload that is one, with every member that is always there', () => {
    const payload = InstanceStatus.parse(JSON.parse(block('json')));

    expect(payload).toEqual(JSON.parse(block('json')));
    expect(DefaultHealthDetails.safeParse(payload.health.details).success).toBe(true);
  });

  it('shows a registration file that is one', () => {
    expect(parseRegistration(block('yaml')).agents.map(({ enabled }) => enabled)).toEqual([true, false]);
  });

  it('names every short word', () => {
    const words = rows.flatMap(([first]) => first?.split(', ') ?? []);

    expect(words).toEqual(expect.arrayContaining([...ShortStatusWord.options]));
  });

  it('gives the waits of the backoff', () => {
    const seconds = rows.find(([first]) => first === 'seconds')?.slice(1).map(Number);
    const wait = (failures: number): number =>
      waitAfter({ ok: false, reason: 'network', httpStatus: null, retryAfterMs: null, code: null }, { failures, intervalMs: 30_000, random: () => 1 }) / 1000;

    expect(seconds).toEqual([1, 2, 3, 4, 5, 6, 7].map(wait));
  });

  it.each([[204, '204'], [401, '401, 403'], [403, '401, 403'], [400, '400, 422'], [422, '400, 422'], [404, '404'], [405, '404, 405'], [429, '429'], [500, '5xx'], [408, '408']])(
    'says of %i what it means',
    (status, where) => {
      const outcome = readAnswer({ status, contentType: undefined, retryAfter: undefined, date: undefined, body: '' }, new Date());

      expect(rows.find(([first]) => first?.includes(where))?.[1]).toBe(`\`${outcome.ok ? 'ok' : outcome.reason}\``);
    },
  );

  it('names every metric', async () => {
    const registry = new Registry();
    createTelemetry({ logger: createMemoryLogger().logger, registry, clock: systemClock });
    const named = rows.flatMap(([first]) => inCode(first)).filter((name) => name.startsWith('status_publish'));

    expect((await registry.getMetricsAsJSON()).map(({ name }) => name).sort()).toEqual(named.sort());
  });
});
