import type { JsonObject } from '@trawling/contracts';
import { mergePatch } from './merge-patch.js';
import { machineOwnedSettings, type OpenclawMachine } from './openclaw-machine.js';
import { SAFE_BASE } from './safe-base.js';

/**
 * The first `openclaw.json` of a machine: enough for the gateway to start, safe from its first second, and nothing of
 * the bot yet. Parts that only a restart changes are in it, so that applying the first version needs none.
 */
export function generateBootstrapConfig(machine: OpenclawMachine): JsonObject {
  return mergePatch(SAFE_BASE, machineOwnedSettings(machine));
}
