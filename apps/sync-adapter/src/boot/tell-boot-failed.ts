import type { BootStageRow, EventRow } from '@trawling/database';
import { type Logger } from '@trawling/runtime';
import { v5 as uuid5 } from 'uuid';
import { type SavedRows } from '../writes/save-rows.js';

const NAMESPACE = '2b0f7c52-7a0f-5a43-8f0e-6c1d7b9e4a10';

export interface TellBootFailedDeps {
  saveEvents: (botId: string, events: readonly EventRow[]) => Promise<SavedRows>;
  now: () => Date;
  logger: Logger;
}

/**
 * Stores the event by which an owner hears that a machine failed at a stage; the same failure, which a machine that
 * tries again reports again, is one event. Never rejects: the stage itself is stored, and shows it.
 */
export const createTellBootFailed =
  (deps: TellBootFailedDeps) =>
  async ({ botId, generation, stage, error }: BootStageRow): Promise<void> => {
    const event: EventRow = {
      id: uuid5(`${botId}/${generation}/${stage}/${error}`, NAMESPACE),
      type: 'machine.boot_failed',
      timestamp: deps.now(),
      severity: 'error',
      message: `The machine failed while it started, at the stage ${stage}: ${error}`.slice(0, 2000),
      data: JSON.stringify({ generation, stage }),
      source: 'server',
    };
    await deps.saveEvents(botId, [event]).catch((cause: unknown) => {
      deps.logger.warn({ err: cause, bot_id: botId }, 'a failed boot could not be told to the owner');
    });
  };
