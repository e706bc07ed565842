import type { BotSettings, JsonObject } from '@trawling/contracts';
import { mergePatch } from './merge-patch.js';
import { SAFE_BASE } from './safe-base.js';

/**
 * The OpenClaw settings of one version that belong to no machine: safe base, then generated ones, then the owner's
 * extras. A null in the extras takes an extra back; it never takes a part of the safe base away.
 */
export function generateOpenclawSettings(settings: Pick<BotSettings, 'timezone' | 'openclaw'>): JsonObject {
  const generated = mergePatch(SAFE_BASE, { agents: { defaults: { userTimezone: settings.timezone } } });
  return mergePatch(generated, mergePatch({}, settings.openclaw));
}
