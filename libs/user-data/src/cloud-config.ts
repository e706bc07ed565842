/** Where a distribution's packages and its security updates are: two archives (Debian) or one twice (Ubuntu). */
export type AptMirrors = { primary: string; security: string };

/** The part of cloud-init's cloud-config that a machine needs. */
export type CloudConfig = {
  /** Owner root. `permissions` is octal, in four digits. */
  files: { path: string; permissions: string; content: string }[];
  apt: AptMirrors | null;
  /** Commands with their arguments, run once at the end of the first boot. */
  commands: string[][];
};

/**
 * Text that is the same YAML to 1.1 and 1.2 readers: quoted scalars as JSON writes them, contents as literal blocks,
 * which stay readable. Throws for a content that a literal block cannot hold.
 */
export function renderCloudConfig(config: CloudConfig): string {
  return [
    '#cloud-config',
    'package_update: false',
    ...(config.apt === null ? [] : apt(config.apt)),
    'write_files:',
    ...config.files.flatMap(({ path, permissions, content }) => [
      `  - path: ${JSON.stringify(path)}`,
      `    permissions: ${JSON.stringify(permissions)}`,
      '    content: |',
      ...literalBlock(path, content),
    ]),
    'runcmd:',
    ...config.commands.map((command) => `  - ${JSON.stringify(command)}`),
    '',
  ].join('\n');
}

// Both, always: cloud-init takes the first for the second where the second is not given (cc_apt_configure.py).
function apt({ primary, security }: AptMirrors): string[] {
  const entry = (uri: string): string => `    - arches: [default]\n      uri: ${JSON.stringify(uri)}`;
  return ['apt:', '  primary:', entry(primary), '  security:', entry(security)];
}

function literalBlock(path: string, content: string): string[] {
  if (!/^\S[^\r]*[^\n]\n$/.test(content)) throw new Error(`${path} does not begin with a word and end with one line break`);
  return content.slice(0, -1).split('\n').map((line) => (line === '' ? '' : `      ${line}`));
}
