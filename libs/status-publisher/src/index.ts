export { type Instance, type Probes } from './instance.js';
