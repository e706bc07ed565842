/** A fleet of bots that speak the real protocol, for load and for conformance. */
export * from './fleet-file.js';
export * from './histogram.js';
export type { CallSummary } from './call-log.js';
export * from './run-fleet.js';
export type { Mode } from './run-bot.js';
