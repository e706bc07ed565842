import { type BatchResult } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';

/** Names the first items of a batch that were rejected: an agent drops them, so somebody has to be able to find out. */
export function logRejections(log: Logger, botId: string, result: BatchResult): BatchResult {
  if (result.rejected.length > 0) {
    log.warn({ bot_id: botId, count: result.rejected.length, rejected: result.rejected.slice(0, 10) }, 'items were rejected');
  }
  return result;
}
