import fc from 'fast-check';
import { driftedPaths, syncStatus, type SyncState } from './sync-status.js';

const desired = { version: 3, hash: 'sha256:three' };
const applied = (version: number | null, hash: string | null = 'sha256:three') => ({ appliedVersion: version, appliedHash: hash });
const failure = { code: 'openclaw-rejected', message: 'invalid config: bogus' };

describe('syncStatus', () => {
  it('is pending until the bot reports anything', () => {
    expect(syncStatus({ desired, reported: null, ack: null })).toEqual({
      status: 'pending', message: 'Waiting for the bot to fetch version 3; it has not applied any yet',
    });
  });

  it('is pending while the bot runs an older version', () => {
    expect(syncStatus({ desired, reported: applied(2), ack: { version: 2, outcome: 'applied', error: null } }).status).toBe('pending');
  });

  it('says "Config Applied" once the bot reports the desired version and hash', () => {
    expect(syncStatus({ desired, reported: applied(3), ack: null })).toEqual({ status: 'synced', message: 'Config Applied' });
  });

  it('is synced by the verdict alone, before the next heartbeat says it too', () => {
    expect(syncStatus({ desired, reported: applied(2), ack: { version: 3, outcome: 'applied', error: null } }).status).toBe('synced');
  });

  it('stays pending when a verdict on an older version arrives late', () => {
    expect(syncStatus({ desired, reported: null, ack: { version: 2, outcome: 'applied', error: null } }).status).toBe('pending');
  });

  it('is applying with the reason while the bot works on it', () => {
    const ack = { version: 3, outcome: 'applying', error: { code: 'gateway-down', message: 'the gateway is starting' } } as const;

    expect(syncStatus({ desired, reported: applied(2), ack })).toEqual({
      status: 'applying', message: 'The bot is applying version 3: the gateway is starting',
    });
  });

  it('has failed with the bot’s reason and what it keeps running', () => {
    expect(syncStatus({ desired, reported: applied(2), ack: { version: 3, outcome: 'failed', error: failure } })).toEqual({
      status: 'failed', message: 'Version 3 failed: invalid config: bogus; the bot keeps running version 2',
    });
  });

  it('has failed although an older heartbeat still names the version', () => {
    expect(syncStatus({ desired, reported: applied(3), ack: { version: 3, outcome: 'failed', error: failure } }).status).toBe('failed');
  });

  it('is pending again when a newer version follows a failed one', () => {
    expect(syncStatus({ desired, reported: applied(1), ack: { version: 2, outcome: 'failed', error: failure } }).status).toBe('pending');
  });

  it('has drifted when the version is right and the hash is not', () => {
    expect(syncStatus({ desired, reported: applied(3, 'sha256:other'), ack: null }).status).toBe('drifted');
  });

  it('has drifted when the bot runs a version nobody desires yet', () => {
    expect(syncStatus({ desired, reported: applied(4), ack: null }).status).toBe('drifted');
  });

  it('has drifted when the bot spoke of a version that a restored database does not know, until a newer one is desired', () => {
    const reported = { ...applied(3), highestVersion: 7 };

    expect(syncStatus({ desired, reported, ack: null })).toEqual({
      status: 'drifted', message: 'The bot knows version 7, newer than the desired 3: change or retry it, and it follows again',
    });
    expect(syncStatus({ desired: { version: 8, hash: 'sha256:eight' }, reported, ack: null }).status).toBe('pending');
  });

  it('has drifted when the bot says what no longer is as it was issued, and names it', () => {
    const paths = ['agents.defaults.model', 'cron:risk-check', 'logging.level', 'session.reset'];

    expect(syncStatus({ desired, reported: { ...applied(3), driftedPaths: paths }, ack: null })).toEqual({
      status: 'drifted', message: 'Something else changed what version 3 set: agents.defaults.model, cron:risk-check, logging.level and 1 more',
    });
    expect(syncStatus({ desired, reported: { ...applied(2), driftedPaths: paths }, ack: null }).status).toBe('pending');
  });

  it('takes the drift of a heartbeat for the version it was made under only', () => {
    const drift = { paths: ['logging.level'] };

    expect(driftedPaths({ applied_version: '3', drift }, 3)).toEqual(['logging.level']);
    expect(driftedPaths({ applied_version: '2', drift }, 3)).toEqual([]);
    expect(driftedPaths({ applied_version: '3', drift: null }, 3)).toEqual([]);
    expect(driftedPaths({ applied_version: '3' }, 3)).toEqual([]);
    expect(driftedPaths(null, 3)).toEqual([]);
  });

  it('never says synced without the desired version in a report or a verdict', () => {
    const version = fc.integer({ min: 1, max: 5 });
    const state: fc.Arbitrary<SyncState> = fc.record({
      desired: version.map((v) => ({ version: v, hash: `h${v}` })),
      reported: fc.option(fc.record({ appliedVersion: fc.option(version), appliedHash: fc.option(version.map((v) => `h${v}`)) })),
      ack: fc.option(fc.record({
        version, outcome: fc.constantFrom('applying' as const, 'applied' as const, 'failed' as const), error: fc.constant(null),
      })),
    });
    fc.assert(fc.property(state, ({ desired, reported, ack }) => {
      const { status, message } = syncStatus({ desired, reported, ack });
      if (status !== 'synced') return;
      expect(message).toBe('Config Applied');
      expect(reported?.appliedVersion === desired.version || (ack?.version === desired.version && ack.outcome === 'applied')).toBe(true);
    }));
  });
});
