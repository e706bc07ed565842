/**
 * Everything that crosses a process border, as zod schemas. Schema and type share one name.
 *
 * The words (use these, and only these; docs/glossary.md explains them):
 * - desired config / `desired_version`: what the owner asked for.
 * - applied config / `applied_version`: the last one the bot says it runs.
 * - config version: counter per bot, +1 per accepted change. A decimal string in the bots' messages,
 *   an integer in the control-plane API.
 * - `hash`: `sha256:` over the RFC 8785 canonical JSON of the payload without `hash`; also the ETag.
 * - ack: the bot's verdict on one version. Sync status: derived from desired and reported, never stored.
 * - lease: proof of life by the database's clock. Enroll: one-time token + own keys → own credential.
 * - machine generation: +1 each time a bot's machine is replaced; older ones are fenced off.
 *
 * Wire JSON is snake_case. Requests refuse unknown fields; readers of responses ignore them.
 */
export * from './common.js';
export * from './problems.js';
export * from './bot-settings.js';
export * from './bot-config.js';
export * from './keys.js';
export * from './enrollment.js';
export * from './instance-status.js';
export * from './reports.js';
export * from './machine.js';
export * from './machine-spec.js';
export * from './machine-layout.js';
export * from './control-plane-api.js';
export * from './directory-api.js';
export * from './sync-api.js';
export * from './local-reports.js';
export * from './connection.js';
