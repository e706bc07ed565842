export { type DropletSpec, type DropletFilter, type FirewallSpec, type ImageRef, TagName, DropletName, USER_DATA_MAX_BYTES } from './requests.js';
export type { Account, Action, Droplet, Firewall, Image, Region, Size, SshKey, Vpc } from './answers.js';
export * from './digitalocean.js';
export * from './digitalocean-error.js';
export * from './budget/request-budget.js';
export * from './budget/create-request-budget.js';
export { createMemoryBudget } from './budget/memory-budget.js';
export { DIGITALOCEAN_LIMITS, type BudgetLimits } from './budget/budget-rule.js';
export * from './create-digitalocean.js';
