import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { gatewayEnvironment, MachineSpec } from '@trawling/contracts';
import { createLogger, type LogLevel, systemClock } from '@trawling/runtime';
import { type Command } from 'commander';
import { carefulFiles } from '../hand/careful-files.js';
import { createGatewayHand, untilIdle } from '../hand/gateway-hand.js';
import { MAX_RUN_MS } from '../hand/hand-protocol.js';
import { realHost } from '../host.js';
import { machinePaths } from './machine-paths.js';
import { prepareGateway } from './prepare-gateway.js';

/** The first descriptor that systemd hands over (sd_listen_fds). */
const LISTEN_FD = 3;
/** The agent looks every minute; a process that waits for it costs more memory than its start costs time. */
const IDLE_MS = 15_000;
/** Nobody waits for an answer longer. */
const LONGEST_MS = MAX_RUN_MS + 30_000;
/** What is still at work in this process that long after its last connection never ends; not even process.exit() would. */
const HUNG_MS = 5_000;

/** The commands that systemd runs as the gateway's user on a machine of its own. */
export function addMachineCommands(program: Command, io: { logLevel: LogLevel; listenFds: string | undefined }): void {
  program
    .command('prepare-gateway')
    .description('make what the gateway needs for its first start and is not there; as the gateway’s user')
    .requiredOption('--machine <file>', 'machine.json of this machine')
    .addHelpText('after', () => `\nEnvironment of the gateway:\n${gatewayLines()}`)
    .action(async ({ machine }: { machine: string }) => {
      await prepareGateway({ host: realHost, randomBytes, ...(await openMachine(machine)) });
    });

  program
    .command('gateway-hand')
    .description('file access for the agent as the gateway’s user, on the socket that systemd hands over; ends when idle')
    .requiredOption('--machine <file>', 'machine.json of this machine')
    .option('--socket <path>', 'listen there instead')
    .action(async ({ machine, socket }: { machine: string; socket?: string }) => {
      if (socket === undefined && io.listenFds !== '1') throw new Error('Without --socket this is started by a socket unit of systemd');
      const { spec, paths } = await openMachine(machine);
      const logger = createLogger({ name: 'gateway-hand', level: io.logLevel });
      const stopping = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
      const server = createGatewayHand({ host: carefulFiles(realHost), folders: paths.gatewayDirs, openclaw: spec.openclaw, logger });
      const idle = untilIdle(server, { clock: systemClock, idleMs: IDLE_MS, longestMs: LONGEST_MS, signal: stopping.signal });
      if (socket !== undefined) await realHost.remove(socket);
      server.listen(socket === undefined ? { fd: LISTEN_FD } : { path: socket });
      await idle;
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), HUNG_MS).unref();
    });
}

async function openMachine(machineFile: string): Promise<{ spec: MachineSpec; paths: ReturnType<typeof machinePaths> }> {
  const file = resolve(machineFile);
  const spec = MachineSpec.parse(JSON.parse((await realHost.readText(file)) ?? 'null'));
  return { spec, paths: machinePaths(dirname(file)) };
}

const gatewayLines = (): string =>
  Object.entries(gatewayEnvironment('<folder of machine.json>')).map(([name, value]) => `  ${name}=${value}`).join('\n');
