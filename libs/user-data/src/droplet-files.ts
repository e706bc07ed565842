import { DROPLET, MACHINE_FILES } from '@trawling/contracts';

const ETC = '/etc/trawling';
const ROOT = '/opt/trawling';
const WORK = '/var/cache/trawling-install';

/** What the user data writes and the scripts use, beyond the machine's own layout (DROPLET). All of it is root's. */
export const DROPLET_FILES = {
  rootDir: ROOT,
  installMachine: `${ROOT}/bin/install-machine`,
  reportBoot: `${ROOT}/bin/report-boot`,
  blockMetadata: `${ROOT}/bin/block-metadata`,
  /** Digest of the settings with which an installation came to its end. */
  done: `${ROOT}/installed`,
  settings: `${ETC}/settings`,
  specTemplate: `${ETC}/machine.json`,
  /** 0600; the agent's user gets a copy, this one goes once the machine is enrolled. */
  token: `${ETC}/enrollment-token`,
  nftRules: `${ETC}/metadata.nft`,
  ca: `${ETC}/ca.pem`,
  /** The image's authorities and ours: curl takes one file only. */
  caBundle: `${ETC}/ca-bundle.pem`,
  /** Tells apt of the bundle. */
  aptCa: '/etc/apt/apt.conf.d/90trawling-ca',
  sysusers: '/etc/sysusers.d/trawling.conf',
  units: '/etc/systemd/system',
  workDir: WORK,
  log: '/var/log/trawling-install.log',
  /** Written by cloud-init on every image: the provider's id of this machine. */
  instanceId: '/var/lib/cloud/data/instance-id',
  systemCa: '/etc/ssl/certs/ca-certificates.crt',
} as const;

/** Units beside those that the agent knows of (DROPLET.units). */
export const INSTALL_UNITS = { install: 'trawling-install.service', metadata: 'trawling-block-metadata.service' } as const;

/** A file inside the machine's folder. */
export const machineFile = (name: keyof typeof MACHINE_FILES): string => `${DROPLET.machineDir}/${MACHINE_FILES[name]}`;
