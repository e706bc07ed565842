export * from './create-test-database.js';
export * from './metrics-of.js';
