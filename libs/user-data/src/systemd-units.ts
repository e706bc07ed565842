import { DROPLET, gatewayEnvironment } from '@trawling/contracts';
import { DROPLET_FILES, INSTALL_UNITS, machineFile } from './droplet-files.js';

const { users, units, node, agentFile } = DROPLET;
const SPEC = machineFile('spec');
const METADATA_ADDRESS = '169.254.169.254/32';

type Options = {
  /** Whether programs that bring their own list of authorities have to be told of ours. */
  hasOwnCa: boolean;
};

/** Unit files by name. Enabled are those that have an [Install] section, by the installation as it comes to them. */
export const systemdUnits = (options: Options): Record<string, string> => ({
  [INSTALL_UNITS.install]: installUnit,
  [INSTALL_UNITS.metadata]: metadataUnit,
  [units.agent]: agentUnit(options),
  [units.gateway]: gatewayUnit(options),
  [units.handSocket]: handSocketUnit,
  [units.hand]: handUnit(options),
  [units.restartPath]: restartPathUnit,
  [units.restart]: restartUnit,
});

/** Runs at every boot; after it came to its end once it ends at once. */
const installUnit = `[Unit]
Description=Installation of this bot's machine
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${DROPLET_FILES.installMachine}
TimeoutStartSec=45min
Restart=on-failure
RestartSec=15
StandardOutput=append:${DROPLET_FILES.log}
StandardError=append:${DROPLET_FILES.log}

[Install]
WantedBy=multi-user.target
`;

const metadataUnit = `[Unit]
Description=Metadata service for root alone

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${DROPLET_FILES.blockMetadata}

[Install]
WantedBy=multi-user.target
`;

/**
 * What agent, gateway and hand have in common: no way to more rights, nothing to write but what they are given.
 * RestrictSUIDSGID is not among them: it answers openat2 with ENOSYS (systemd.exec(5)), which OpenClaw 2026.9.6 opens its
 * locks with; it then exits with 78, "another SQLite maintenance command owns this state directory". Without
 * capabilities and with NoNewPrivileges no bit of a file gives more rights anyway.
 */
const hardening = `NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
IPAddressDeny=${METADATA_ADDRESS}`;

/** Root's own, which holds or held the enrollment token. */
const CLOSED = `-/var/lib/cloud -/run/cloud-init -${DROPLET_FILES.token}`;

const environment = (values: Record<string, string>, { hasOwnCa }: Options): string =>
  Object.entries({ ...values, ...(hasOwnCa ? { NODE_EXTRA_CA_CERTS: DROPLET_FILES.ca } : {}) })
    .map(([name, value]) => `Environment=${name}=${value}`)
    .join('\n');

const PATH = `${DROPLET_FILES.rootDir}/node/bin:/usr/local/bin:/usr/bin:/bin`;

/** Starts again for ever: without it nobody could tell this bot to stop. Files for both users get their group's bits. */
const agentUnit = (options: Options): string => `[Unit]
Description=Bot agent
After=network-online.target ${INSTALL_UNITS.metadata}
Wants=network-online.target
Requires=${INSTALL_UNITS.metadata}
ConditionPathExists=${SPEC}
ConditionPathExists=${agentFile}
StartLimitIntervalSec=0

[Service]
User=${users.agent}
Group=${users.agent}
SupplementaryGroups=${DROPLET.sharedGroup}
UMask=0027
WorkingDirectory=${DROPLET.machineDir}
${environment({ HOME: machineFile('agent'), PATH, STATUS_PORT: String(DROPLET.statusPort) }, options)}
ExecStart=${node} ${agentFile} run --machine ${SPEC}
Restart=always
RestartSec=5
TimeoutStopSec=30
MemoryMax=25%
TasksMax=256
OOMScoreAdjust=-500
${hardening}
ReadWritePaths=${DROPLET.machineDir}
InaccessiblePaths=${CLOSED}

[Install]
WantedBy=multi-user.target
`;

const asGateway = (options: Options): string => `User=${users.gateway}
Group=${users.gateway}
SupplementaryGroups=${DROPLET.sharedGroup}
UMask=0077
WorkingDirectory=${machineFile('workspace')}
${environment({ HOME: machineFile('workspace'), SHELL: '/bin/bash', PATH, ...gatewayEnvironment(DROPLET.machineDir) }, options)}
${hardening}
ReadWritePaths=${machineFile('gateway')} ${machineFile('openclaw')} ${machineFile('workspace')}
InaccessiblePaths=${CLOSED} -${machineFile('agent')} -${machineFile('enrollmentToken')}`;

/**
 * Restart rules are OpenClaw's own (docs/gateway/index.md): 78 is a config it refuses, which the agent repairs. A writable
 * /tmp of its own is not optional: without one it ends (PrivateTmp). It idles at 0.6-0.9 GB; when memory runs out, the
 * machine sacrifices what the gateway started before it does the agent.
 */
const gatewayUnit = (options: Options): string => `[Unit]
Description=OpenClaw gateway
After=network-online.target ${INSTALL_UNITS.metadata}
Wants=network-online.target
Requires=${INSTALL_UNITS.metadata}
ConditionPathExists=${machineFile('credential')}
ConditionPathExists=${DROPLET.openclawMjs}
StartLimitBurst=10
StartLimitIntervalSec=300

[Service]
${asGateway(options)}
Environment=OPENCLAW_SERVICE_REPAIR_POLICY=external
ExecStartPre=${node} ${agentFile} prepare-gateway --machine ${SPEC}
ExecStart=${node} ${DROPLET.openclawMjs} gateway run --port ${DROPLET.gatewayPort} --bind loopback
Restart=always
RestartSec=5
RestartPreventExitStatus=78
SuccessExitStatus=143
TimeoutStartSec=60
TimeoutStopSec=30
KillMode=mixed
OOMPolicy=continue
OOMScoreAdjust=300
MemoryHigh=70%
MemoryMax=80%
TasksMax=512

[Install]
WantedBy=multi-user.target
`;

/**
 * Without limits: whoever is the gateway's user can end the hand as often as it likes, and a socket that systemd gave up
 * would cut the agent off until the next boot.
 */
const handSocketUnit = `[Unit]
Description=Files of the gateway, for the agent

[Socket]
ListenStream=${DROPLET.handSocket}
SocketUser=${users.agent}
SocketGroup=${users.agent}
SocketMode=0600
DirectoryMode=0755
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
`;

/**
 * It ends by itself when nobody asks; RuntimeMaxSec ends one that is kept from it (stopped by a signal). Restarting, which
 * only follows a failure, is what waits between two starts, and why there is no condition: a start that a condition
 * prevents would be tried again at once, without end.
 */
const handUnit = (options: Options): string => `[Unit]
Description=Files of the gateway, for the agent
Requires=${units.handSocket} ${INSTALL_UNITS.metadata}
After=${INSTALL_UNITS.metadata}
StartLimitIntervalSec=0

[Service]
${asGateway(options)}
ExecStart=${node} ${agentFile} gateway-hand --machine ${SPEC}
Restart=on-failure
RestartSec=2
RuntimeMaxSec=30min
TimeoutStopSec=10
MemoryMax=40%
TasksMax=128
`;

/** The one thing the agent may have done with root's rights: this file of its own, whatever is in it, starts this unit. */
const restartPathUnit = `[Unit]
Description=Wish of the agent to restart the gateway

[Path]
PathChanged=${machineFile('restartGateway')}
Unit=${units.restart}

[Install]
WantedBy=multi-user.target
`;

const restartUnit = `[Unit]
Description=Restart of the gateway
ConditionPathExists=${DROPLET.openclawMjs}
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=-/usr/bin/systemctl reset-failed ${units.gateway}
ExecStart=/usr/bin/systemctl restart --no-block ${units.gateway}
`;
