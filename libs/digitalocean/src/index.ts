export { type DropletSpec, type DropletFilter, type FirewallSpec, type ImageRef, TagName, DropletName, USER_DATA_MAX_BYTES } from './requests.js';
export type { Account, Action, Droplet, Firewall, Image, Region, Size, SshKey, Vpc } from './answers.js';
export * from './digitalocean.js';
export * from './digitalocean-error.js';
export * from './budget/request-budget.js';
