export * from './until.js';
export * from './fake-clock.js';
export * from './fail-on-leaks.js';
export * from './fake-process.js';
export * from './memory-logger.js';
