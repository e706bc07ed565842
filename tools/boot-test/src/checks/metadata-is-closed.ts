import { type GatewayClient } from '@trawling/launcher';
import { type Machine } from '../machine/machine.js';
import { runCommandJob } from './run-command-job.js';

const USER_DATA = 'http://169.254.169.254/metadata/v1/user-data';

/** The cloud hands the user data, with the token, to whoever asks on the machine: root may, OpenClaw's jobs must not. */
export async function metadataIsClosed(machine: Machine, gateway: GatewayClient): Promise<void> {
  const fetchIt = ['curl', '--silent', '--show-error', '--fail', '--max-time', '5', '--output', '/dev/null', USER_DATA];
  await machine.exec(fetchIt);
  const run = await runCommandJob(gateway, fetchIt);
  if (run.ok) throw new Error('a command job of OpenClaw reads the user data from the metadata service');
}
