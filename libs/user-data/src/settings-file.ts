import { DROPLET } from '@trawling/contracts';
import { DROPLET_FILES, INSTALL_UNITS, machineFile } from './droplet-files.js';
import { type UserDataInput } from './user-data-input.js';

/** What the scripts are told: one shell variable a line. Everything that differs between machines is in here. */
export function settingsFile(input: UserDataInput): string {
  const { packages, sources } = input;
  return shellVariables({
    BOT_ID: input.bot_id,
    GENERATION: String(input.generation),
    SYNC_ADAPTER_URL: withoutSlash(input.sync_adapter_url),
    AGENT_SHA256: hexOf(input.agent_sha256),
    OPENCLAW_VERSION: packages.openclaw.version,
    OPENCLAW_LOCK_SHA256: hexOf(packages.openclaw.lock_sha256),
    NODE_VERSION: packages.node.version,
    NODE_INTEGRITY_X64: packages.node.integrity.x64,
    NODE_INTEGRITY_ARM64: packages.node.integrity.arm64,
    NPM_VERSION: packages.npm.version,
    NPM_INTEGRITY: packages.npm.integrity,
    NPM_REGISTRY: withoutSlash(sources.npm_registry),
    ...paths,
    ...names,
  });
}

const paths = {
  ROOT_DIR: DROPLET_FILES.rootDir,
  MACHINE_DIR: DROPLET.machineDir,
  OPENCLAW_DIR: DROPLET.openclawDir,
  NODE: DROPLET.node,
  AGENT_FILE: DROPLET.agentFile,
  REPORT_BOOT: DROPLET_FILES.reportBoot,
  DONE_FILE: DROPLET_FILES.done,
  SETTINGS_FILE: DROPLET_FILES.settings,
  SPEC_TEMPLATE: DROPLET_FILES.specTemplate,
  TOKEN_FILE: DROPLET_FILES.token,
  MACHINE_TOKEN_FILE: machineFile('enrollmentToken'),
  CREDENTIAL_FILE: machineFile('credential'),
  NFT_RULES: DROPLET_FILES.nftRules,
  CA_FILE: DROPLET_FILES.ca,
  CA_BUNDLE_FILE: DROPLET_FILES.caBundle,
  APT_CA_FILE: DROPLET_FILES.aptCa,
  SYSTEM_CA_FILE: DROPLET_FILES.systemCa,
  SYSUSERS_FILE: DROPLET_FILES.sysusers,
  WORK_DIR: DROPLET_FILES.workDir,
  LOG_FILE: DROPLET_FILES.log,
  INSTANCE_ID_FILE: DROPLET_FILES.instanceId,
};

const names = {
  GATEWAY_PORT: String(DROPLET.gatewayPort),
  AGENT_USER: DROPLET.users.agent,
  GATEWAY_USER: DROPLET.users.gateway,
  SHARED_GROUP: DROPLET.sharedGroup,
  AGENT_UNIT: DROPLET.units.agent,
  GATEWAY_UNIT: DROPLET.units.gateway,
  HAND_SOCKET: DROPLET.units.handSocket,
  HAND_UNIT: DROPLET.units.hand,
  RESTART_PATH: DROPLET.units.restartPath,
  METADATA_UNIT: INSTALL_UNITS.metadata,
};

/** In single quotes nothing means anything but the quote itself. */
export function shellVariables(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`)
    .join('');
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

const hexOf = (digest: string): string => digest.slice('sha256:'.length);
