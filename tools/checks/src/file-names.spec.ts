import { repositoryFiles } from './repository-files.js';

/** Names that their readers prescribe. */
const given = new Set(['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'Dockerfile', 'Dockerfile.dockerignore', 'Caddyfile', 'migration_lock.toml', 'openclaw_integration.svg']);
const kebabCase = /^\.?[a-z0-9]+(?:[-.][a-z0-9]+)*$/;
/** Prisma's: 20260102030405_what_changes. */
const migrationFolder = /^\d{14}_[a-z0-9_]+$/;

describe('file names', () => {
  it('are kebab-case', () => {
    const odd = repositoryFiles().filter((path) =>
      path.split('/').some((name) => !kebabCase.test(name) && !given.has(name) && !migrationFolder.test(name)),
    );

    expect(odd).toEqual([]);
  });

  it('of tests are those of what they test', () => {
    expect(repositoryFiles().filter((path) => /\.test\.[mc]?[jt]s$|__tests__/.test(path))).toEqual([]);
  });
});
