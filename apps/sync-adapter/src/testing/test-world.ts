import { changeTopics, listenForChanges, openDatabase } from '@trawling/database';
import { createTestDatabase } from '@trawling/database/testing';
import { createMetrics } from '@trawling/http';
import { holdToOpenApi } from '@trawling/http/testing';
import { withReleasers } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { join } from 'node:path';
import { listenToBots, openSyncAdapter } from '../compose.js';
import { openTestControlPlane } from './test-control-plane.js';

export type TestWorld = Awaited<ReturnType<typeof openTestWorld>>['value'];

export const registrationFile = join(__dirname, '../../agent-registration.yaml');

const HEARING_TAKES_MS = 10_000;

export interface TestWorldOptions {
  /** How long an enrollment waits for its verdict. */
  enrollWaitMs?: number;
  /** False: the control plane decides only when told. */
  decides?: boolean;
  maxStreams?: number;
  pingMs?: number;
}

/** Opens a world for one spec file, closes it after, and fails each test whose answers the document does not describe. */
export function useTestWorld(options: TestWorldOptions = {}): () => TestWorld {
  let opened: Awaited<ReturnType<typeof openTestWorld>> | undefined;
  let holdAnswers = (): void => undefined;
  beforeAll(async () => {
    opened = await openTestWorld(options, (check) => (holdAnswers = check));
  });
  afterEach(() => holdAnswers());
  afterAll(() => opened?.stop());
  return () => {
    if (!opened) throw new Error('the world is open only inside tests');
    return opened.value;
  };
}

/**
 * A database of its own, the sync-adapter on it under its own narrow role, and a control plane that decides enrollments
 * as soon as it hears of them. Every answer of the sync-adapter is held to its OpenAPI document.
 */
const openTestWorld = (options: TestWorldOptions, afterEachTest: (check: () => void) => void) =>
  withReleasers(async (onStop) => {
    const database = await createTestDatabase();
    onStop(() => database.close(), 'test database');
    const admin = await openDatabase({ url: database.url, poolSize: 4 });
    onStop(() => admin.close(), 'admin connections');
    const controlPlane = await openTestControlPlane(admin, async (botId, act) => {
      const watch = adapter.hub.watch({ topics: changeTopics, id: botId });
      const done = await act();
      const heard = await watch.changed(HEARING_TAKES_MS);
      watch.stop();
      if (!heard) throw new Error('the sync-adapter did not hear of a change');
      return done;
    });

    if (options.decides ?? true) {
      let deciding: Promise<unknown> = Promise.resolve();
      const decide = (): void => void (deciding = deciding.then(() => controlPlane.decideAll()));
      const feed = await listenForChanges({
        url: database.url,
        onChange: ({ topic }) => (topic === 'enrollment_requested' || topic === 'credential_requested') && decide(),
        onReconnect: decide,
      });
      onStop(async () => {
        await feed.close();
        await deciding;
      }, 'control plane');
    }

    const log = createMemoryLogger();
    const adapter = await openSyncAdapter(onStop, {
      databaseUrl: database.roleUrl('trawling_sync_adapter'),
      logger: log.logger,
      version: '0.0.0-test',
      metrics: createMetrics(),
      maxStreams: options.maxStreams ?? 100,
      ...(options.enrollWaitMs === undefined ? {} : { enrollWaitMs: options.enrollWaitMs }),
      ...(options.pingMs === undefined ? {} : { pingMs: options.pingMs }),
    });
    const { url } = await listenToBots(onStop, adapter, { port: 0, host: '127.0.0.1' });
    const app = holdToOpenApi(adapter.app, adapter.document, afterEachTest);
    return { app, url, adapter, streams: adapter.streams, document: adapter.document, controlPlane, database, log };
  });
