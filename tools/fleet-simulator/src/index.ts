/** A fleet of bots that speak the real protocol, for load and for conformance. */
export * from './fleet-file.js';
export * from './histogram.js';
export * from './bot-http.js';
export * from './call-log.js';
export { type Connections, openConnections } from './open-connections.js';
export * from './simulated-bot.js';
export * from './run-fleet.js';
export type { Mode } from './run-bot.js';
