import { DROPLET, MACHINE_FILES } from '@trawling/contracts';
import { type GatewayClient } from '@trawling/launcher';
import { type Machine } from '../machine/machine.js';
import { runCommandJob } from './run-command-job.js';

/** Files that one job reads: OpenClaw takes 30 new jobs a minute, and the bot has some of its own. */
const FILES_OF_A_JOB = 7;

/** Where secrets of the agent lie, or of the machine's making. */
const SECRET_FOLDERS = [
  `${DROPLET.machineDir}/${MACHINE_FILES.agent}`,
  `${DROPLET.machineDir}/${MACHINE_FILES.enrollmentToken}`,
  '/var/lib/cloud',
  '/etc/shadow',
];

/** Ways to a secret that are no file of its own. */
const hiddenWays = (agentPid: string): string[] => [`/proc/${agentPid}/environ`, `/proc/${agentPid}/mem`, `/proc/${agentPid}/maps`];

export type ReadCheck = { refused: number; asUser: string };

/**
 * Tries to `cat` every file of the agent's, and whatever of the machine's making the gateway's user must not read, in
 * real command jobs of OpenClaw; each file has to be refused by name. Throws with what could be read. That such a job does run, as which user, and can
 * read what it may, is shown first: else every refusal would prove nothing.
 */
export async function gatewayUserReadsNothing(machine: Machine, gateway: GatewayClient): Promise<ReadCheck> {
  const who = await runCommandJob(gateway, ['id', '-un']);
  if (!who.ok || !who.text.includes(DROPLET.users.gateway)) throw new Error(`command jobs run as somebody else than ${DROPLET.users.gateway}: ${who.text}`);
  const params = `${DROPLET.machineDir}/${MACHINE_FILES.tradingParams}`;
  const allowed = await runCommandJob(gateway, ['cat', params]);
  if (!allowed.ok) throw new Error(`a command job cannot read ${params}: ${allowed.text}`);

  const agentPid = (await machine.exec(['systemctl', 'show', '--property=MainPID', '--value', DROPLET.units.agent])).trim();
  const files = [...(await secretFiles(machine)), ...hiddenWays(agentPid)];
  const readable: string[] = [];
  for (let from = 0; from < files.length; from += FILES_OF_A_JOB) {
    const some = files.slice(from, from + FILES_OF_A_JOB);
    const run = await runCommandJob(gateway, ['cat', ...some]);
    const open = some.filter((file) => run.ok || !isRefusal(file, run.text));
    if (open.length > 0) readable.push(`${open.join(', ')}: ${run.text.slice(0, 2_000)}`);
  }
  // The gateway's unit closes more than the owners of files do: those must be enough alone.
  readable.push(...(await readableWithoutUnit(machine, files)));
  if (readable.length > 0) throw new Error(`the gateway's user could read, or was not clearly refused:\n${readable.join('\n')}`);
  return { refused: files.length, asUser: DROPLET.users.gateway };
}

/** Processes of others are not even there for the gateway; of a file we want to hear that it is closed, not that we looked in the wrong place. */
const isRefusal = (file: string, said: string): boolean =>
  said.includes(`${file}: Permission denied`) || (file.startsWith('/proc/') && said.includes(`${file}: No such file or directory`));

/** Those that the user itself may read, outside of the unit. */
async function readableWithoutUnit(machine: Machine, files: readonly string[]): Promise<string[]> {
  const cat = 'for file in "$@"; do if cat "$file" > /dev/null 2>&1; then echo "$file"; fi; done';
  const read = await machine.exec(['runuser', '--user', DROPLET.users.gateway, '--', 'sh', '-c', cat, 'sh', ...files]);
  return read.split('\n').filter(Boolean).map((file) => `${file}: by its mode`);
}

/** All files root finds there that are not meant for everybody. */
async function secretFiles(machine: Machine): Promise<string[]> {
  const agentFiles = await machine.exec(['find', ...SECRET_FOLDERS.slice(0, 1), '-type', 'f']);
  if (agentFiles.trim() === '') throw new Error('the agent has no files where they were looked for');
  const others = await machine.exec(['sh', '-c', 'find "$@" -type f ! -perm -004 2>/dev/null || true', 'sh', ...SECRET_FOLDERS.slice(1)]);
  return [...agentFiles.split('\n'), ...others.split('\n')].filter(Boolean);
}
