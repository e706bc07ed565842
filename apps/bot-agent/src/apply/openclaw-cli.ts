import { Issue, type MachineSpec } from '@trawling/contracts';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';

const Verdict = z.object({ valid: z.boolean(), issues: z.array(Issue).catch([]) });
export type ConfigVerdict = { valid: true } | { valid: false; issues: Issue[] } | { valid: 'unknown'; reason: string };

export interface OpenclawCli {
  /** OpenClaw's own verdict on a whole config, without a gateway. Takes about two seconds. */
  validate(text: string): Promise<ConfigVerdict>;
}

/** Start-up of the CLI on a busy machine. */
const VALIDATE_MS = 60_000;

export function createOpenclawCli(deps: { host: Host; spec: MachineSpec; paths: MachinePaths; env: Record<string, string> }): OpenclawCli {
  const { host, spec, paths } = deps;
  // Of the gateway's user, who may own nothing but its own folders.
  const home = spec.host.kind === 'systemd' ? paths.openclaw : paths.dir;
  const candidate = `${paths.openclawConfig}.candidate`;

  return {
    validate: async (text) => {
      // Beside the real one, because relative paths in it start from its folder.
      await host.writeAtomic(candidate, text);
      try {
        const result = await host.run(spec.openclaw.node, [spec.openclaw.openclaw_mjs, 'config', 'validate', '--json'], {
          env: { ...deps.env, HOME: home, OPENCLAW_STATE_DIR: paths.openclaw, OPENCLAW_CONFIG_PATH: candidate },
          timeoutMs: VALIDATE_MS,
        });
        return readVerdict(result.stdout) ?? { valid: 'unknown', reason: `the validator ended with ${result.code}: ${result.stderr.slice(0, 500)}` };
      } finally {
        await host.remove(candidate);
      }
    },
  };
}

function readVerdict(stdout: string): ConfigVerdict | null {
  const start = stdout.indexOf('{');
  if (start === -1) return null;
  try {
    const verdict = Verdict.parse(JSON.parse(stdout.slice(start)));
    return verdict.valid ? { valid: true } : { valid: false, issues: verdict.issues };
  } catch {
    return null;
  }
}
