/** What the launcher sees the fleet with; the end-to-end tests look through the same glasses. */
export * from './control-plane-client.js';
export * from './cron-results.js';
export * from './demo-bot.js';
export * from './directory.js';
export * from './gateway-client.js';
export * from './gateway-facts.js';
export * from './local-machine.js';
export { findFreeBase } from './ports.js';
export * from './process-table.js';
export { runtimeCache } from './services.js';
export { removeStateDir } from './state-dir.js';
export { STEPS } from './walk.js';
