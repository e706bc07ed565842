import { type CloudDroplet } from '../cloud/cloud.js';
import { type BotNow } from '../world/bots.js';
import { createLedger, finalViolations } from './ledger.js';

const MINUTE = 60_000;
const a = 'a0000000-0000-4000-a000-000000000001';
const b = 'b0000000-0000-4000-a000-000000000002';
const droplet = (id: number, botId: string, generation = 1, change: Partial<CloudDroplet> = {}): CloudDroplet =>
  ({ id, name: `bot-${botId}-g${generation}`, status: 'active', tags: [], userData: '', createdAtMs: 0, ...change });
const bot = (botId: string, change: Partial<BotNow> = {}): BotNow =>
  ({ botId, generation: 1, decommissioning: false, decommissioned: false, state: 'online', reason: '', notBefore: null, stateSince: null, ...change });

describe('the ledger of a schedule', () => {
  it('bills as extra what a wanted bot has beyond one droplet, and all that nobody wants', () => {
    const ledger = createLedger();

    ledger.bill([droplet(1, a), droplet(2, b)], new Set([a, b]), MINUTE);
    ledger.bill([droplet(1, a), droplet(3, a, 2), droplet(2, b)], new Set([a, b]), MINUTE);
    ledger.bill([droplet(2, b)], new Set([a]), MINUTE);

    expect(ledger.extraMinutes()).toBe(2);
    expect(ledger.billedMinutes()).toBe(6);
  });

  it('reports two live droplets of one bot and generation once, and again when they come back', () => {
    const ledger = createLedger();
    const pair = [droplet(1, a), droplet(2, a)];

    for (const droplets of [pair, pair, [droplet(1, a)], pair]) ledger.check(droplets, new Set(), 'a step');

    expect(ledger.violations.map(({ what }) => what)).toEqual(['duplicate', 'duplicate']);
  });

  it('takes an old and a new generation of one bot for no pair', () => {
    const ledger = createLedger();

    ledger.check([droplet(1, a), droplet(2, a, 2)], new Set(), 'a step');

    expect(ledger.violations).toEqual([]);
  });

  it('counts a pair apart that the test can explain', () => {
    const ledger = createLedger();

    ledger.check([droplet(1, a), droplet(2, a)], new Set([`${a}/1`]), 'a step');

    expect(ledger.violations).toEqual([]);
    expect(ledger.excusedPairs()).toBe(1);
  });
});

describe('the end of a schedule', () => {
  it('is clean with one machine that talks for each bot and none for a bot that is gone', () => {
    const gone = bot(b, { decommissioning: true, decommissioned: true, state: 'gone' });

    expect(finalViolations([droplet(1, a)], [bot(a), gone], new Set([1]))).toEqual([]);
  });

  it.each<[string, CloudDroplet[], BotNow[], number[], string]>([
    ['a duplicate', [droplet(1, a), droplet(2, a)], [bot(a)], [1], 'duplicate'],
    ['a droplet of a bot nobody knows', [droplet(1, b)], [], [1], 'orphan'],
    ['a droplet of an older generation', [droplet(1, a), droplet(2, a, 2)], [bot(a, { generation: 2 })], [2], 'orphan'],
    ['a droplet of a bot that is to go', [droplet(1, a)], [bot(a, { decommissioning: true, decommissioned: true })], [], 'orphan'],
    ['a bot without a machine', [], [bot(a)], [], 'offline'],
    ['a machine that does not talk', [droplet(1, a)], [bot(a)], [], 'offline'],
    ['a machine that is off', [droplet(1, a, 1, { status: 'off' })], [bot(a)], [1], 'offline'],
    ['a bot that never gets to be gone', [], [bot(a, { decommissioning: true })], [], 'offline'],
  ])('is not clean with %s', (_, droplets, bots, talking, what) => {
    expect(finalViolations(droplets, bots, new Set(talking)).map((violation) => violation.what)).toEqual([what]);
  });
});
