/** The rules: pure functions over the contracts. No I/O, no clock, no randomness; time and ids come in as arguments. */
export * from './canonical-json.js';
export * from './json-problems.js';
export * from './merge-patch.js';
export * from './bot-settings.js';
export * from './confirm-live.js';
export * from './cron-schedule.js';
export * from './generate-cron-jobs.js';
export * from './generate-bot-config.js';
export * from './safe-base.js';
export * from './sync-status.js';
export * from './lease.js';
export * from './openclaw-machine.js';
export * from './bootstrap-config.js';
export * from './render-openclaw-config.js';
export * from './render-cron-jobs.js';
export * from './diff-managed.js';
export * from './plan-cron.js';
