import fc from 'fast-check';
import { generateBotConfig } from './generate-bot-config.js';
import { type CronStep, type CurrentCronJob, planCron } from './plan-cron.js';
import { type OpenclawCronJob, renderCronJobs } from './render-cron-jobs.js';
import { anySettings, contextWith, settingsWith } from './testing/examples.js';
import { machineWith } from './testing/openclaw-machine.js';

const wantedFor = (settings = settingsWith(), paused = false): OpenclawCronJob[] =>
  renderCronJobs(generateBotConfig({ settings, context: contextWith({ paused }) }), machineWith());

let serial = 0;
/** As OpenClaw 2026.9.6 stores a job: an id, a revision, and members of its own. */
const stored = (job: OpenclawCronJob): CurrentCronJob => ({
  ...job, id: `id-${(serial += 1)}`, configRevision: `rev-${serial}`, createdAtMs: 1, state: { nextRunAtMs: 2 }, effectiveAgentId: 'main',
});
const builtIn: CurrentCronJob = { id: 'heartbeat', declarationKey: 'heartbeat:main', enabled: false, name: 'heartbeat' };
const foreign: CurrentCronJob = { id: 'mine', enabled: true, name: 'somebody’s reminder' };

/** What OpenClaw does with the steps. */
const execute = (current: readonly CurrentCronJob[], steps: readonly CronStep[]): CurrentCronJob[] =>
  steps.reduce<CurrentCronJob[]>((jobs, step) => {
    if (step.kind === 'add') return [...jobs, stored(step.job)];
    if (step.kind === 'remove') return jobs.filter(({ id }) => id !== step.id);
    return jobs.map((job) => (job.id === step.id ? { ...job, ...step.patch, configRevision: `rev-${(serial += 1)}` } : job));
  }, [...current]);

describe('planCron', () => {
  it('adds every job to a fresh scheduler', () => {
    expect(planCron([builtIn], wantedFor()).map((step) => step.kind)).toEqual(['add', 'add', 'add']);
  });

  it('plans nothing after its plan was executed, from any config to any other', () => {
    fc.assert(fc.property(anySettings, anySettings, fc.boolean(), fc.boolean(), (before, after, wasPaused, isPaused) => {
      const current = [builtIn, foreign, ...wantedFor(before, wasPaused).map(stored)];
      const wanted = wantedFor(after, isPaused);

      const executed = execute(current, planCron(current, wanted));

      expect(planCron(executed, wanted)).toEqual([]);
      expect(executed.filter(({ id }) => id === 'heartbeat' || id === 'mine')).toEqual([builtIn, foreign]);
    }));
  });

  it('changes only the field that differs, guarded by the revision it looked at', () => {
    const current = wantedFor(settingsWith({ strictness: 'low' })).map(stored);
    const wanted = wantedFor(settingsWith({ strictness: 'high' }));

    const [step, ...rest] = planCron(current, wanted).filter((one) => one.kind !== 'update' || one.name === 'fleet:fetch-prices');

    expect(step).toEqual({
      kind: 'update', id: current[0]?.id, name: 'fleet:fetch-prices', patch: { schedule: wanted[0]?.schedule }, expectedConfigRevision: current[0]?.configRevision,
    });
    expect(rest).toEqual([]);
  });

  it('removes our jobs that nobody wants any more, and no others', () => {
    const [job] = wantedFor();
    const old = job && stored({ ...job, declarationKey: 'fleet:old-job' });

    expect(planCron([builtIn, foreign, ...(old ? [old] : [])], [])).toEqual([{ kind: 'remove', id: old?.id, name: 'fleet:old-job' }]);
  });

  it('makes a job anew that became one of another kind', () => {
    const wanted = wantedFor();
    const current = wanted.map(stored).map((job) => (job.declarationKey === 'fleet:risk-check' ? { ...job, payload: { kind: 'agentTurn', message: 'x' } } : job));

    expect(planCron(current, wanted).map(({ kind }) => kind)).toEqual(['remove', 'add']);
  });

  it('ignores members OpenClaw adds to what we sent', () => {
    const wanted = wantedFor();
    const current = wanted.map(stored).map((job) => ({ ...job, delivery: { mode: 'webhook', to: 'http://127.0.0.1:4999/cron', bestEffort: true } }));

    expect(planCron(current, wanted)).toEqual([]);
  });

  it('notices a narrower or wider tool list', () => {
    const wanted = wantedFor();
    const current = wanted.map(stored).map((job) =>
      job.declarationKey === 'fleet:run-algorithm' ? { ...job, payload: { ...wanted[1]?.payload, toolsAllow: ['read', 'exec'] } } : job);

    expect(planCron(current, wanted)).toMatchObject([{ kind: 'update', patch: { payload: { toolsAllow: ['read'] } } }]);
  });

  it('enables a disabled job again when it is wanted to run', () => {
    const wanted = wantedFor();
    const current = wanted.map(stored).map((job) => (job.declarationKey === 'fleet:run-algorithm' ? { ...job, enabled: false } : job));

    expect(planCron(current, wanted)).toMatchObject([{ kind: 'update', name: 'fleet:run-algorithm', patch: { enabled: true } }]);
  });

  it('disables a job that runs although it should not', () => {
    const current = wantedFor().map(stored);

    expect(planCron(current, wantedFor(settingsWith(), true))).toMatchObject([
      { name: 'fleet:fetch-prices', patch: { enabled: false } }, { name: 'fleet:run-algorithm', patch: { enabled: false } },
    ]);
  });
});
