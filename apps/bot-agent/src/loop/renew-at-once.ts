import { SyncError } from '../sync/sync-error.js';
import { type SyncHttp } from '../sync/sync-http.js';
import { type OpenStream } from '../sync/stream-socket.js';

/**
 * Rings for a heartbeat when a call or a stream gets through after a heartbeat did not: the lease of a server that is
 * back is renewed at once, not after the rest of a long wait. A server that is only busy has said when to come again.
 */
export function renewAtOnce(http: SyncHttp, openStream: OpenStream, ring: () => void): { http: SyncHttp; openStream: OpenStream } {
  let missed = false;
  const heard = () => {
    if (missed) ring();
    missed = false;
  };
  return {
    http: async (request) => {
      const isHeartbeat = request.path.endsWith('/heartbeat');
      try {
        const response = await http(request);
        if (isHeartbeat) missed = false;
        else heard();
        return response;
      } catch (error) {
        if (isHeartbeat) missed = error instanceof SyncError && error.failure.kind === 'unreachable';
        throw error;
      }
    },
    openStream: (input) =>
      openStream({
        ...input,
        onOpen: () => {
          heard();
          input.onOpen();
        },
      }),
  };
}
