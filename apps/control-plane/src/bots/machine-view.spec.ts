import { MachineState } from '@trawling/contracts';
import type { MachineOverview } from '@trawling/database';
import { PROVIDER_IN_DOUBT } from '@trawling/domain';
import { machineView, type MachineViewBot } from './machine-view.js';

const now = new Date('2026-01-01T12:00:00.000Z');
const minutes = (n: number): Date => new Date(now.getTime() + n * 60_000);
const machine: MachineOverview = {
  botId: '0199a000-0000-7000-8000-000000000001',
  generation: 1,
  driver: 'local',
  state: 'booting',
  reason: 'It was just made',
  providerId: 'p-1',
  deadline: null,
  notBefore: null,
  attempts: 1,
  neverReported: 0,
  reportsSince: null,
  bootStage: null,
  bootError: null,
  leaseOwner: null,
  leaseEpoch: 0,
  leaseUntil: null,
  createdAt: now,
  stateSince: now,
  now,
};
const view = (change: Partial<MachineOverview>, bot: MachineViewBot = { decommissioning: false, online: true }) => machineView({ ...machine, ...change }, bot);
const nextStep = (change: Partial<MachineOverview>, decommissioning = false): string | undefined =>
  view(change, { decommissioning, online: true })?.next_step;

describe('the machine as an owner reads it', () => {
  it('has a next step in every state', () => {
    for (const state of MachineState.options) expect(nextStep({ state })).toMatch(/^[A-Z].{10,}/);
  });

  it('says until when, and when that has passed', () => {
    expect(nextStep({ deadline: minutes(5) })).toMatch(/, by 2026-01-01T12:05:00.000Z$/);
    expect(nextStep({ deadline: minutes(-5) })).toMatch(/; overdue since 2026-01-01T11:55:00.000Z$/);
  });

  it('says from when on, as long as that is to come', () => {
    expect(nextStep({ state: 'failed', notBefore: minutes(1) })).toBe('The provisioner tries again, not before 2026-01-01T12:01:00.000Z');
    expect(nextStep({ state: 'failed', notBefore: minutes(-1) })).toBe('The provisioner tries again');
  });

  it('says so when no provisioner takes up what waits for one', () => {
    expect(nextStep({ state: 'wanted' })).toBe('The provisioner creates the machine, by 2026-01-01T12:02:00.000Z');
    expect(nextStep({ state: 'wanted', stateSince: minutes(-10) })).toBe('The provisioner creates the machine; overdue since 2026-01-01T11:52:00.000Z');
  });

  it('has a deadline in every state that should pass', () => {
    const deadline = (change: Partial<MachineOverview>) => view(change)?.deadline;

    expect(deadline({ state: 'wanted' })).toBe(minutes(2).toISOString());
    expect(deadline({ state: 'off' })).toBe(minutes(2).toISOString());
    expect(deadline({ state: 'create_unknown', notBefore: minutes(1) })).toBe(minutes(1).toISOString());
    for (const state of ['creating', 'booting', 'destroying']) expect(deadline({ state, deadline: minutes(3) })).toBe(minutes(3).toISOString());
    for (const state of ['online', 'held', 'gone']) expect(deadline({ state })).toBeNull();
  });

  it('is said to be billed while the bot is paused, where that costs money', () => {
    const paused = { decommissioning: false, online: true, paused: true };

    expect(view({ state: 'online', driver: 'digitalocean' }, paused)?.next_step).toMatch(/billed while the bot is paused$/);
    expect(view({ state: 'online' }, paused)?.next_step).not.toContain('billed');
  });

  it('asks for somebody when nothing tries again', () => {
    expect(nextStep({ state: 'failed', notBefore: null })).toMatch(/^Nothing is tried again by itself: POST .*retry.*rebuild/);
  });

  it('does not say that a silent bot reports', () => {
    const online = { state: 'online', reason: 'The bot reports' };

    expect(view(online)).toMatchObject({ reason: 'The bot reports', next_step: 'Nothing to do: the machine runs' });
    expect(view(online, { decommissioning: false, online: false })).toMatchObject({
      reason: expect.stringContaining('is silent now'),
      next_step: expect.stringContaining('reports again by itself'),
    });
    expect(view(online, { decommissioning: true, online: false })?.next_step).toBe('The provisioner destroys the machine');
  });

  it('says what it waits for while the provider is in doubt, and promises no time', () => {
    for (const state of ['wanted', 'online', 'booting'] as const) {
      expect(view({ state, reason: PROVIDER_IN_DOUBT, deadline: minutes(-5) }, { decommissioning: false, online: false })).toMatchObject({
        reason: PROVIDER_IN_DOUBT,
        next_step: expect.stringMatching(/by itself once the provider shows the missing machines again.*trust-provider/),
        deadline: null,
      });
    }
  });

  it('repeats the last boot error', () => {
    expect(nextStep({ bootError: 'npm: no space left' })).toContain('(last boot error: npm: no space left)');
  });

  it('is to be destroyed when the bot is to go, until it is gone', () => {
    expect(nextStep({ state: 'online' }, true)).toBe('The provisioner destroys the machine');
    expect(nextStep({ state: 'destroying' }, true)).toMatch(/waits until nothing/);
    expect(nextStep({ state: 'gone' }, true)).toMatch(/is gone$/);
  });

  it('is null while there is none', () => {
    expect(machineView(null, { decommissioning: false, online: false })).toBeNull();
  });
});
