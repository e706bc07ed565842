export { type Instance, type Probes } from './instance.js';
export { openInstance, type InstanceOptions } from './open-instance.js';
export { PublisherEnv } from './publisher-env.js';
export { AgentRegistration, fixedRegistration, openRegistration, parseRegistration, type Registration } from './registration.js';
export { answerCapabilities, answerStatus, type Answer } from './answer-status.js';
export { shortStatus, shortWord } from './short-status.js';
export { DEFAULT_HEALTH_THRESHOLDS, type HealthThresholds } from './health-rule.js';
export { type PublishEvent } from './publish-telemetry.js';
export { type FailureReason } from './outcome.js';
