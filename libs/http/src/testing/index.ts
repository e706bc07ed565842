export * from './match-openapi.js';
export * from './hold-to-openapi.js';
export * from './status-receiver.js';
