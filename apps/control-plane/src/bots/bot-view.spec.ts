import { uuid7 } from '@trawling/runtime';
import { makeBot, view } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api);
});

const heartbeat = async (status: object): Promise<void> => {
  const { desired_hash: appliedHash } = await view(api, botId);
  await controlPlane().owner.prisma.botReported.create({ data: { botId, appliedVersion: 1, appliedHash, status: { applied_version: '1', ...status } } });
};

describe('a bot as its owner sees it', () => {
  it('has told nothing at first', async () => {
    expect(await view(api, botId)).toMatchObject({ health: null, drifted_paths: [], spool: null, clock_offset_ms: null, alerts: [], sync_status: 'pending' });
  });

  it('shows what its heartbeat tells: health, drift, spool and clock', async () => {
    const spool = { pending: 3, dropped_metrics: 10, dropped_events: 0 };
    await heartbeat({
      health: { status: 'degraded', details: { spool: 'disk full' } },
      drift: { paths: ['logging.level', 'cron:risk-check'] },
      spool,
      clock_offset_ms: -86_400_000,
    });

    expect(await view(api, botId)).toMatchObject({
      sync_status: 'drifted',
      sync_message: 'Something else changed what version 1 set: logging.level, cron:risk-check',
      drifted_paths: ['logging.level', 'cron:risk-check'],
      health: { status: 'degraded', details: { spool: 'disk full' } },
      spool,
      clock_offset_ms: -86_400_000,
    });
  });

  it('leaves out what another release of the agent says in another way, and shows the rest', async () => {
    await heartbeat({ health: { status: 'fine' }, spool: 'full', clock_offset_ms: 5 });

    expect(await view(api, botId)).toMatchObject({ sync_status: 'synced', health: null, spool: null, clock_offset_ms: 5 });
  });

  it('names what the server noticed lately, the newest of each type, and not what the bot said', async () => {
    const event = (type: string, source: string, severity: string, hoursAgo: number) =>
      controlPlane().owner.prisma.botEvent.create({ data: {
        botId, id: uuid7(), type, source, severity, message: `${type} ${hoursAgo}`, data: {},
        timestamp: new Date(), receivedAt: new Date(Date.now() - hoursAgo * 3_600_000),
      } });
    await event('duplicate-identity', 'server', 'error', 2);
    await event('duplicate-identity', 'server', 'error', 5);
    await event('state-regressed', 'server', 'warning', 1);
    await event('bot-offline', 'server', 'warning', 25);
    await event('bot-online', 'server', 'info', 1);
    await event('started', 'bot', 'error', 1);

    expect((await view(api, botId)).alerts.map(({ message, severity }) => [message, severity])).toEqual([
      ['state-regressed 1', 'warning'],
      ['duplicate-identity 2', 'error'],
    ]);
  });
});
