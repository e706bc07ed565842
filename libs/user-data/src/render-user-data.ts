import { DROPLET, DROPLET_HOST, type MachineSpec } from '@trawling/contracts';
import { renderCloudConfig } from './cloud-config.js';
import { DROPLET_FILES, INSTALL_UNITS } from './droplet-files.js';
import blockMetadata from './scripts/block-metadata.sh';
import installMachine from './scripts/install-machine.sh';
import reportBoot from './scripts/report-boot.sh';
import { settingsFile } from './settings-file.js';
import { systemdUnits } from './systemd-units.js';
import { UserDataInput } from './user-data-input.js';

/** DigitalOcean's limit: "plain text and may not exceed 64 KiB" (droplet_create.yml). */
export const MAX_USER_DATA_BYTES = 65_536;

/**
 * cloud-init user data that makes a fresh Debian or Ubuntu image the machine of one bot. Pure: the same input gives the
 * same text. Throws ZodError for an input that is not one, and when the text is not ASCII (a droplet with other user
 * data vanishes after it was accepted) or too long.
 */
export function renderUserData(unchecked: UserDataInput): string {
  const input = UserDataInput.parse(unchecked);
  const script = (path: string, content: string) => ({ path, permissions: '0755', content });
  const file = (path: string, content: string) => ({ path, permissions: '0644', content });
  const units = systemdUnits({ hasOwnCa: input.ca_certificate_pem !== null });
  const text = renderCloudConfig({
    apt: input.sources.apt,
    files: [
      file(DROPLET_FILES.settings, settingsFile(input)),
      file(DROPLET_FILES.specTemplate, `${JSON.stringify(machineSpec(input))}\n`),
      { path: DROPLET_FILES.token, permissions: '0600', content: `${input.enrollment_token}\n` },
      ...(input.ca_certificate_pem === null ? [] : [file(DROPLET_FILES.ca, input.ca_certificate_pem)]),
      file(DROPLET_FILES.sysusers, sysusers),
      file(DROPLET_FILES.nftRules, nftRules),
      script(DROPLET_FILES.installMachine, installMachine),
      script(DROPLET_FILES.reportBoot, reportBoot),
      script(DROPLET_FILES.blockMetadata, blockMetadata),
      ...Object.entries(units).map(([name, content]) => file(`${DROPLET_FILES.units}/${name}`, content)),
    ],
    // A unit, not a command: it goes on after a restart in the middle, has an environment of its own and tries again.
    commands: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', INSTALL_UNITS.install],
    ],
  });
  requireSendable(text);
  return text;
}

function requireSendable(text: string): void {
  const odd = /[^\n\x20-\x7e]/.exec(text);
  if (odd) throw new Error(`The user data has a character that is not printable ASCII at position ${odd.index}`);
  if (text.length > MAX_USER_DATA_BYTES) throw new Error(`The user data has ${text.length} bytes, more than ${MAX_USER_DATA_BYTES}`);
}

/** The machine learns its own id when it starts: before, nobody knows it. */
const machineSpec = (input: UserDataInput): MachineSpec => ({
  bot_id: input.bot_id,
  generation: input.generation,
  installation_id: input.installation_id,
  machine_id: '@INSTANCE_ID@',
  sync_adapter_url: input.sync_adapter_url,
  root_public_jwk: input.root_public_jwk,
  agent_sha256: input.agent_sha256,
  gateway_port: DROPLET.gatewayPort,
  openclaw: { node: DROPLET.node, openclaw_mjs: DROPLET.openclawMjs, openclaw_version: input.packages.openclaw.version },
  data_retrieval_url: input.data_retrieval_url,
  gateway_env: {},
  host: DROPLET_HOST,
});

/** Two users without a login; the agent may enter nothing of the gateway's, and the gateway only what is shared. */
const sysusers = `# Made by systemd-sysusers.
g ${DROPLET.sharedGroup} -
u ${DROPLET.users.agent} - "Bot agent" ${DROPLET.machineDir} /usr/sbin/nologin
u ${DROPLET.users.gateway} - "OpenClaw gateway" ${DROPLET.machineDir}/workspace /usr/sbin/nologin
m ${DROPLET.users.agent} ${DROPLET.sharedGroup}
m ${DROPLET.users.gateway} ${DROPLET.sharedGroup}
`;

/** The metadata service has no login: who reaches it reads the user data. Loading it again replaces it. */
const nftRules = `# The cloud's metadata service is for root alone.
table inet trawling
delete table inet trawling
table inet trawling {
  chain output {
    type filter hook output priority filter; policy accept;
    ip daddr 169.254.169.254 meta skuid != 0 counter reject
  }
}
`;
