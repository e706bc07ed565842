import { scheduleWarnings } from './schedule-warnings.js';

const warned = (schedule: Parameters<typeof scheduleWarnings>[0]['schedule']) => scheduleWarnings({ schedule }).map(({ path }) => path);

describe('schedules of the owner’s own', () => {
  it.each([
    ['a yearly risk check', { 'risk-check': '0 0 1 1 *' }, ['schedule.risk-check']],
    ['a risk check in one hour of the year only', { 'risk-check': '* 0 5 1 *' }, ['schedule.risk-check']],
    ['a risk check in office hours only', { 'risk-check': '* 9-17 * * *' }, ['schedule.risk-check']],
    ['an algorithm that runs every second', { 'run-algorithm': '* * * * * *' }, ['schedule.run-algorithm']],
    ['prices every second', { 'fetch-prices': '* * * * * *' }, ['schedule.fetch-prices']],
    ['a monthly health ping', { 'health-ping': '0 0 1 * *' }, ['schedule.health-ping']],
    ['two of them', { 'risk-check': '0 0 * * *', 'config-sync': '0 0 * * *' }, ['schedule.risk-check', 'schedule.config-sync']],
  ])('bring a warning: %s', (_what, schedule, paths) => {
    expect(warned(schedule)).toEqual(paths);
  });

  it.each([
    ['none', {}],
    ['a daily algorithm', { 'run-algorithm': '0 9 * * *' }],
    ['a risk check every five minutes', { 'risk-check': '*/5 * * * *' }],
    ['prices every half minute', { 'fetch-prices': '*/30 * * * * *' }],
  ])('pass without a word: %s', (_what, schedule) => {
    expect(warned(schedule)).toEqual([]);
  });
});
