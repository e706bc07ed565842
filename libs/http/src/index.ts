export * from './create-http-app.js';
export * from './define-route.js';
export * from './mount-routes.js';
export * from './health-routes.js';
export * from './listen.js';
export * from './bearer-token.js';
export { problemDocument, toDomainError, invalidRequest, issuesOf } from './problem.js';
export { contextOf } from './request-context.js';
export * from './openapi-document.js';
