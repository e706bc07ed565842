// Many publishers in one process, each with a connection of its own, told over IPC: one reply to each command.
import { createLogger, systemClock } from '@trawling/runtime';
import { fixedRegistration, openInstance, type Instance } from '@trawling/status-publisher';
import { PublisherCommand, type PublisherReport } from './publish/publisher-command.js';

const logger = createLogger({ name: 'publishers', level: 'silent' });
const instances: Instance[] = [];
const latencies: number[] = [];
const failures: Record<string, number> = {};

async function start(command: Extract<PublisherCommand, { do: 'start' }>): Promise<void> {
  const pace = evenly(command.overSeconds, command.count);
  for (let index = 0; index < command.count; index += 1) {
    await pace(index);
    instances.push(openInstance({
      serviceName: 'bench',
      version: '1.0.0',
      registration: fixedRegistration({ agents: [{ name: `bench.${index % 10}`, description: 'Takes part in a benchmark' }] }),
      probes: { concurrentTasks: () => 4, queueLength: () => index % 4 },
      env: { OPENCLAW_BASE_URL: command.url, OPENCLAW_API_KEY: command.apiKey, OPENCLAW_PUBLISH_SECONDS: command.everySeconds, INSTANCE_ID: undefined },
      logger,
      onEvent: ({ reason, latency_ms: latency }) => {
        if (reason === null) latencies.push(latency);
        // Given up for a newer one is no failure.
        else if (reason !== 'given-up') failures[reason] = (failures[reason] ?? 0) + 1;
      },
    }));
  }
}

async function stop(overSeconds: number): Promise<void> {
  const pace = evenly(overSeconds, instances.length);
  await Promise.all(instances.map(async (instance, index) => {
    await pace(index);
    await instance.stop();
  }));
}

/** Waits for the turn of each, all of them within the time. */
function evenly(overSeconds: number, count: number): (index: number) => Promise<void> {
  const begunAt = systemClock.monotonicMs();
  return (index) => systemClock.sleep(Math.max(0, begunAt + (index * overSeconds * 1000) / count - systemClock.monotonicMs()));
}

async function obey(command: PublisherCommand): Promise<PublisherReport> {
  if (command.do === 'start') await start(command);
  else await stop(command.overSeconds);
  return { latencies: [...latencies].sort((a, b) => a - b), failures };
}

process.on('message', (message) => {
  obey(PublisherCommand.parse(message)).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
