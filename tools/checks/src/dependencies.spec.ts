import { spawnSync } from 'node:child_process';
import { readText, repositoryFiles, root } from './repository-files.js';

type Manifest = {
  name?: string;
  workspaces?: string[];
  bundle?: object;
  nx?: { tags?: string[] };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  overrides?: Record<string, string>;
};

const exact = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const manifests = repositoryFiles()
  .filter((path) => path.endsWith('package.json'))
  .map((path): { path: string; manifest: Manifest } => ({ path, manifest: JSON.parse(readText(path)) }));
const wanted = manifests.flatMap(({ path, manifest }) =>
  [manifest.dependencies, manifest.devDependencies, manifest.overrides].flatMap((group) =>
    Object.entries(group ?? {}).map(([name, version]) => ({ path, name, version })),
  ),
);

describe('dependencies', () => {
  it('are pinned to one exact version', () => {
    const loose = wanted.filter(({ name, version }) => (name.startsWith('@trawling/') ? version !== '*' : !exact.test(version)));

    expect(loose).toEqual([]);
  });

  it('have the same version wherever they are used', () => {
    const versions = new Map<string, Set<string>>();
    for (const { name, version } of wanted) versions.set(name, (versions.get(name) ?? new Set()).add(version));

    expect([...versions].filter(([, seen]) => seen.size > 1).map(([name, seen]) => [name, ...seen])).toEqual([]);
  });

  it('come from wherever npm is told to get them: no file names a registry', () => {
    const npm = spawnSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' });
    const here = URL.canParse(npm.stdout.trim()) ? [new URL(npm.stdout.trim()).host] : [];
    // Put together here, so that this file passes as well.
    const hosts = [['registry', 'npmjs.org'], ['registry', 'yarnpkg.com'], ['npm.pkg', 'github.com'], ['registry', 'npmmirror.com']];
    const forbidden = [...here, ...hosts.map((parts) => parts.join('.'))];

    const naming = repositoryFiles().filter((path) => {
      const text = readText(path);
      return forbidden.some((host) => text.includes(host)) || /"resolved": "(?:https?|git)/.test(text);
    });

    // What droplets install from is a setting of the provisioner; its default is the one of npm itself.
    expect(naming.filter((path) => path !== '.env.example' && path !== 'apps/provisioner/src/env.ts')).toEqual([]);
  });
});

describe('projects', () => {
  const projects = manifests.filter(({ manifest }) => manifest.nx);
  const ruled = [...readText('eslint.config.mjs').matchAll(/sourceTag: '([^']+)'/g)].map(([, tag]) => tag);

  it.each(projects.map(({ path, manifest }) => ({ path, tags: manifest.nx?.tags ?? [] })))(
    '$path say what they are and where they run, in tags that an import rule knows',
    ({ tags }) => {
      expect(tags.map((tag) => tag.split(':')[0])).toEqual(['type', 'runtime']);
      expect(tags.filter((tag) => !ruled.includes(tag))).toEqual([]);
    },
  );
});
