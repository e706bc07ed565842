/** The part of cloud-init's cloud-config that a machine needs. */
export type CloudConfig = {
  /** Owner root. `permissions` is octal, in four digits. */
  files: { path: string; permissions: string; content: string }[];
  aptMirror: string | null;
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
    ...(config.aptMirror === null ? [] : apt(config.aptMirror)),
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

function apt(mirror: string): string[] {
  const entry = `    - arches: [default]\n      uri: ${JSON.stringify(mirror)}`;
  return ['apt:', '  primary:', entry, '  security:', entry];
}

function literalBlock(path: string, content: string): string[] {
  if (!/^\S[^\r]*[^\n]\n$/.test(content)) throw new Error(`${path} does not begin with a word and end with one line break`);
  return content.slice(0, -1).split('\n').map((line) => (line === '' ? '' : `      ${line}`));
}
