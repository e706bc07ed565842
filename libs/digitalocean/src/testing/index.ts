export * from './open-api-file.js';
export * from './client-for-spec.js';
export * from './answering-server.js';
