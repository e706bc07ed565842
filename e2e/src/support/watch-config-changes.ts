import { connectGateway } from '@trawling/launcher';
import { systemClock } from '@trawling/runtime';
import { z } from 'zod';

const Changed = z.looseObject({ hash: z.string() });

/**
 * Counts the `config.changed` events of one gateway, connecting again whenever it restarts. What happens while the
 * gateway is down is missed: it cannot apply anything then either.
 */
export function watchConfigChanges(gateway: { url: string; token: string }, onChange: () => void = () => undefined) {
  const stopping = new AbortController();
  const hashes: string[] = [];
  let connected = 0;
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const client = await connectGateway({
          ...gateway,
          onEvent: (event, payload) => {
            if (event !== 'config.changed') return;
            hashes.push(Changed.parse(payload).hash);
            onChange();
          },
        });
        connected += 1;
        stopping.signal.addEventListener('abort', client.close, { once: true });
        await client.closed;
        stopping.signal.removeEventListener('abort', client.close);
      } catch {
        await systemClock.sleep(100, stopping.signal);
      }
    }
  })();
  return {
    hashes,
    isConnected: () => connected > 0,
    stop: async () => {
      stopping.abort();
      await watching;
    },
  };
}
