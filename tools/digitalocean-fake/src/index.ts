export * from './start-fake.js';
export * from './start-prism-proxy.js';
export { type Faults, type Timings, Fate, RequestFault, seededRandom } from './faults.js';
export type { FakeAction, FakeDroplet, FakeFirewall } from './cloud.js';
export type { ServedRequest } from './handle-request.js';
export type { RateUsage, RateLimits } from './rate-windows.js';
