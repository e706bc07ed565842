import type { Queryable } from '../queryable.js';

export interface BootStageRow {
  botId: string;
  generation: number;
  stage: string;
  /** Null when the stage went well. */
  error: string | null;
}

/** Marks a stage that was reported under a token without a key to check it with: shown, but not proven. */
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

  /**
   * What a machine says before it has a credential: never replaces what one said under its credential, nor, without a
   * MAC that was checked, what was said with one.
   */
  async saveFirstBootStage(boot: BootStageRow & { verified: boolean }): Promise<void> {
    const stage = boot.verified ? boot.stage : `${boot.stage}${UNVERIFIED_SUFFIX}`;
    await db.query({
      name: 'save-first-boot-stage',
      text: `
        UPDATE machine SET boot_stage = $3, boot_error = $4
        WHERE bot_id = $1 AND generation = $2 AND ($6 OR boot_stage IS NULL OR boot_stage LIKE '%' || $5)
          AND NOT EXISTS (SELECT 1 FROM bot_credential c WHERE c.bot_id = $1 AND c.generation = $2)`,
      values: [boot.botId, boot.generation, stage, boot.error, UNVERIFIED_SUFFIX, boot.verified],
    });
  },
});
