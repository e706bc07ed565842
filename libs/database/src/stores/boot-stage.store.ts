import type { Queryable } from '../queryable.js';

export interface BootStageRow {
  botId: string;
  generation: number;
  stage: string;
  /** Null when the stage went well. */
  error: string | null;
}

/** Marks a stage that was reported before the machine had a credential: shown, but not proven. */
export const UNVERIFIED_SUFFIX = ' (unverified)';

/** How far a machine came in booting. */
export const bootStageStore = (db: Queryable) => ({
  async saveBootStage(boot: BootStageRow): Promise<void> {
    await db.query({
      name: 'save-boot-stage',
      text: 'UPDATE machine SET boot_stage = $3, boot_error = $4 WHERE bot_id = $1 AND generation = $2',
      values: [boot.botId, boot.generation, boot.stage, boot.error],
    });
  },

  /** Never replaces what a machine said under its credential. */
  async saveUnverifiedBootStage(boot: BootStageRow): Promise<void> {
    await db.query({
      name: 'save-unverified-boot-stage',
      text: `
        UPDATE machine SET boot_stage = $3, boot_error = $4
        WHERE bot_id = $1 AND generation = $2 AND (boot_stage IS NULL OR boot_stage LIKE '%' || $5)
          AND NOT EXISTS (SELECT 1 FROM bot_credential c WHERE c.bot_id = $1 AND c.generation = $2)`,
      values: [boot.botId, boot.generation, `${boot.stage}${UNVERIFIED_SUFFIX}`, boot.error, UNVERIFIED_SUFFIX],
    });
  },
});
