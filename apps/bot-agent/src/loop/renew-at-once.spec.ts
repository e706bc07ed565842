import { type AxiosResponse } from 'axios';
import { type SyncFailure, SyncError } from '../sync/sync-error.js';
import { type OpenStream } from '../sync/stream-socket.js';
import { renewAtOnce } from './renew-at-once.js';

describe('finding the server again', () => {
  let failure: SyncFailure | null;
  let rings: number;
  let agent: ReturnType<typeof renewAtOnce>;
  beforeEach(() => {
    failure = null;
    rings = 0;
    const http = async (): Promise<AxiosResponse<string>> => {
      if (failure) throw new SyncError(failure, 'no answer');
      return { status: 204, data: '' } as AxiosResponse<string>;
    };
    const openStream: OpenStream = async ({ onOpen }) => {
      onOpen();
      return { kind: 'restart' };
    };
    agent = renewAtOnce(http, openStream, () => (rings += 1));
  });

  const call = (name: string) => agent.http({ method: 'POST', path: `/bots/a/${name}` }).catch(() => undefined);
  const stream = async () => {
    let opened = false;
    await agent.openStream({ credential: 'c', stop: new AbortController().signal, onOpen: () => (opened = true), onHint: () => undefined });
    expect(opened).toBe(true);
  };
  const miss = async (how: SyncFailure = { kind: 'unreachable' }) => {
    failure = how;
    await call('heartbeat');
    await call('config');
    failure = null;
  };

  it('rings for a heartbeat once when another call gets through', async () => {
    await miss();
    expect(rings).toBe(0);

    await call('config');
    await call('metrics');

    expect(rings).toBe(1);
  });

  it('rings for a heartbeat once when the stream comes up', async () => {
    await miss();

    await stream();
    await stream();

    expect(rings).toBe(1);
  });

  it('rings for none when heartbeats get through, or wait because the server asked for it', async () => {
    await call('config');
    await stream();
    await miss();
    await call('heartbeat');
    await call('config');
    await miss({ kind: 'busy', code: 'unavailable', retryAfterMs: 60_000 });
    await call('config');
    await stream();

    expect(rings).toBe(0);
  });
});
