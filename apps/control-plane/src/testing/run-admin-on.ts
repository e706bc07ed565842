import { adminProgram } from '../installation/admin-program.js';
import { type TestControlPlane } from './open-test-control-plane.js';

/** What the admin command printed for this control plane's database; rejects with what it refused. */
export async function runAdminOn(controlPlane: TestControlPlane, args: string[], masterKeys = controlPlane.masterKeys): Promise<string> {
  const printed: string[] = [];
  const env = { DATABASE_URL: controlPlane.databaseUrl, MASTER_KEYS: masterKeys };
  const program = adminProgram({ version: '0.0.0-test', env, print: (line) => void printed.push(line), note: () => undefined });
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(args, { from: 'user' });
  return printed.join('\n');
}
