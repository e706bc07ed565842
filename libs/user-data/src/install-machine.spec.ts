import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellVariables } from './settings-file.js';

/** What the script may find on its way; of everything else it is told that it is missing. */
const TOOLS = ['bash', 'cat', 'chmod', 'chown', 'cmp', 'cut', 'dirname', 'head', 'install', 'mkdir', 'mv', 'rm', 'sed', 'sha256sum', 'tail', 'timeout'];
const whereIs = (program: string): string => spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
const missing = TOOLS.filter((program) => whereIs(program) === '');
const title = missing.length === 0 ? 'install-machine' : `install-machine (not checked: there is no ${missing.join(', no ')} here)`;

/** Another user than the one that runs this, for who may become one. */
const agentId = process.getuid?.() === 0 ? Number(spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout) : 0;
const [asRoot, notAsRoot] = agentId > 0 ? [it, ''] : [it.skip, ' (not checked: only root may become another user)'];

(missing.length === 0 ? describe : describe.skip)(title, () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const program = (name: string, script: string): void => writeFileSync(at(`bin/${name}`), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  const told = (): string[] => (existsSync(at('told')) ? readFileSync(at('told'), 'utf8').trimEnd().split('\n') : []);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trawling-install-'));
    mkdirSync(at('bin'));
    for (const tool of TOOLS) symlinkSync(whereIs(tool), at(`bin/${tool}`));
    program('report-boot', `echo "report $*" >> ${at('told')}`);
    program('dpkg', `echo "dpkg $*" >> ${at('told')}`);
    program('apt-get', `echo "apt-get $*" >> ${at('told')}`);
    // Where a test has seen enough.
    program('systemd-sysusers', 'echo "the end of the test" >&2; exit 1');
    writeFileSync(at('system.pem'), 'THE SYSTEM’S\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function install(): void {
    const settings = {
      SETTINGS_FILE: at('settings'), DONE_FILE: at('done'), LOG_FILE: at('log'), REPORT_BOOT: at('bin/report-boot'), ROOT_DIR: at('root'), WORK_DIR: at('work'),
      CA_FILE: at('ca.pem'), CA_BUNDLE_FILE: at('bundle.pem'), SYSTEM_CA_FILE: at('system.pem'), APT_CA_FILE: at('apt-ca'), SYSUSERS_FILE: at('sysusers'),
      METADATA_UNIT: 'metadata', NPM_REGISTRY: 'none', NODE_VERSION: '24.0.0', NPM_VERSION: '11.0.0', SYNC_ADAPTER_URL: 'none', AGENT_SHA256: createHash('sha256').update('the agent').digest('hex'),
      AGENT_FILE: at('agent.js'), MACHINE_DIR: at('machine'), INSTANCE_ID_FILE: at('instance-id'), SPEC_TEMPLATE: at('template'), AGENT_USER: 'nobody',
      TOKEN_FILE: at('token'), GATEWAY_UNIT: 'gateway', AGENT_UNIT: 'agent', HAND_UNIT: 'hand', HAND_SOCKET: 'hand-socket', RESTART_PATH: 'restart-path',
    };
    writeFileSync(at('settings'), shellVariables(settings));
    // As in its unit: both outputs go to the end of the log.
    const { status } = spawnSync('bash', ['-c', `exec bash ${join(__dirname, 'scripts/install-machine.sh')} >> ${at('log')} 2>&1`], {
      env: { PATH: at('bin'), TRAWLING_SETTINGS: at('settings') },
    });
    expect(status).toBe(1);
  }

  it('first lets dpkg finish what a power cut left: apt refuses everything until then', () => {
    program('dpkg', `echo "dpkg $*" >> ${at('told')}; : > ${at('finished')}`);
    program('apt-get', `echo "apt-get \${!#}" >> ${at('told')}\n[ -e ${at('finished')} ] || { echo 'E: dpkg was interrupted' >&2; exit 100; }`);

    install();

    expect(told()).toEqual(['dpkg --configure -a', 'apt-get update', expect.stringMatching(/^apt-get \w+$/), expect.stringContaining('systemd-sysusers')]);
  });

  it('leaves it to apt to wait for a dpkg that is at work', () => {
    program('dpkg', 'echo "dpkg: error: dpkg frontend lock was locked by another process" >&2; exit 2');

    install();

    expect(told().map((line) => line.split(' ').slice(0, 1).join())).toEqual(['apt-get', 'apt-get', 'report']);
  });

  it('lets apt trust the authority of a mirror, on an image that knows no other one as well', () => {
    rmSync(at('system.pem'));
    writeFileSync(at('ca.pem'), 'OURS\n');
    program('apt-get', `cat ${at('apt-ca')} "$(sed 's/.*"\\(.*\\)".*/\\1/' ${at('apt-ca')})" >> ${at('told')}; echo 'THE SYSTEM’S' > ${at('system.pem')}`);

    install();

    const line = `Acquire::https::CaInfo "${at('bundle.pem')}";`;
    expect(told().slice(1, 5)).toEqual([line, 'OURS', line, 'OURS']);
    expect(readFileSync(at('bundle.pem'), 'utf8')).toBe('THE SYSTEM’S\nOURS\n');
  });

  describe('when it begins again', () => {
    beforeEach(() => {
      chmodSync(folder, 0o711);
      if (agentId === 0) program('runuser', 'shift 3\nexec "$@"');
      else symlinkSync(whereIs('runuser'), at('bin/runuser'));
      for (const tool of ['curl', 'openssl', 'tar', 'nft', 'ip', 'systemd-sysusers']) program(tool, ':');
      program('systemctl', `echo "systemctl $*" >> ${at('told')}\n[ "$3" != hand-socket ]`);
      mkdirSync(at('root/node'), { recursive: true });
      writeFileSync(at('root/node/versions'), '24.0.0 11.0.0\n');
      writeFileSync(at('agent.js'), 'the agent');
      writeFileSync(at('instance-id'), '4711\n');
      writeFileSync(at('template'), '{"id":"@INSTANCE_ID@"}\n');
      mkdirSync(at('machine'));
      writeFileSync(at('machine/identity'), 'exists once');
      if (agentId > 0) chownSync(at('machine'), agentId, agentId);
    });

    it('leaves the folder of this machine as it is', () => {
      writeFileSync(at('machine/machine.json'), '{"id":"4711"}\n');

      install();

      expect(told()).toEqual(['systemctl enable --now metadata', 'report node', expect.stringMatching(/^systemctl enable --now hand-socket/), expect.stringMatching(/^report agent line/)]);
      expect(existsSync(at('machine/identity'))).toBe(true);
    });

    asRoot(`follows no link of the agent’s to what is root’s, and takes what it cannot read for no other bot’s${notAsRoot}`, () => {
      writeFileSync(at('of-root'), '{"id":"4711"}\n', { mode: 0o600 });
      symlinkSync(at('of-root'), at('machine/machine.json'));

      install();

      expect(told().at(-1)).toMatch(/^report agent line \d+: timeout .*Permission denied$/);
      expect(existsSync(at('machine/identity'))).toBe(true);
    });
  });
});
