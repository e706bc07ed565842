export * from './lifecycle.js';
export * from './run-main.js';
export * from './env.js';
export * from './logger.js';
export * from './moment.js';
export { redact, redactDeep, isSecretKey } from './redact.js';
export * from './clock.js';
export * from './backoff.js';
export * from './uuid7.js';
