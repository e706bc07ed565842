import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom: two axes. `type:` is the staircase, `runtime:` keeps server code off the bots. */
export const depConstraints = [
  { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:contract'], allowedExternalImports: ['zod'] },
  {
    sourceTag: 'type:domain',
    onlyDependOnLibsWithTags: ['type:contract', 'type:domain'],
    allowedExternalImports: ['canonicalize', 'croner', 'fast-check'],
  },
  { sourceTag: 'type:kit', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit'] },
  { sourceTag: 'type:infra', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit', 'type:infra'] },
  // Fakes are for specs, which live beside what they test; useCaseBans keeps them out of the rest.
  { sourceTag: 'type:fake', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit'] },
  { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit', 'type:infra', 'type:fake'] },
  // Development tools; the end-to-end tests reuse what the launcher sees the fleet with.
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit', 'type:fake'] },
  // The benchmark writes a fleet of ten thousand into the database itself, and measures against Prisma and pg.
  { sourceTag: 'type:bench', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit', 'type:infra', 'type:tool', 'type:fake'] },
  { sourceTag: 'type:e2e', onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:kit', 'type:tool', 'type:fake'] },
  { sourceTag: 'runtime:any', onlyDependOnLibsWithTags: ['runtime:any'] },
  { sourceTag: 'runtime:server', onlyDependOnLibsWithTags: ['runtime:any', 'runtime:server'] },
  {
    sourceTag: 'runtime:bot',
    onlyDependOnLibsWithTags: ['runtime:any', 'runtime:bot'],
    bannedExternalImports: ['express', 'bullmq', 'ioredis', 'pg', '@prisma/*'],
  },
];

/** A use case is a function of deps and input: frameworks and drivers stay at the edges. */
const useCaseBans = {
  patterns: [
    {
      group: ['express', 'bullmq', 'ioredis', 'pg', '@prisma/*'],
      message: 'Use cases take what they need through `deps`; only *.routes.ts, compose.ts, main.ts and libs touch frameworks.',
    },
    { group: ['@trawling/digitalocean-fake'], message: 'The fake is for specs.' },
  ],
};

export default [
  { ignores: ['**/dist/**', '**/dist-types/**', '**/generated/**', '**/*.cjs', '**/.state/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['apps/*/src/*/**/*.ts'],
    ignores: ['**/*.routes.ts', '**/*.spec.ts', '**/*.store.ts', '**/testing/**'],
    rules: { 'no-restricted-imports': ['error', useCaseBans] },
  },
  {
    files: ['**/*.ts'],
    ignores: ['**/*.config.ts', '**/main.ts', '**/admin.ts', '**/supervisor.ts', '**/*.spec.ts', '**/testing/**', 'tools/**', 'e2e/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only main.ts reads process.env: take it from Env.' },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly', fetch: 'readonly',
        setTimeout: 'readonly', clearTimeout: 'readonly', setInterval: 'readonly', clearInterval: 'readonly',
        performance: 'readonly', WebAssembly: 'readonly', AbortSignal: 'readonly', AbortController: 'readonly',
      },
    },
  },
  { files: ['tools/**/*.ts', 'e2e/**/*.ts', '**/supervisor.ts', '**/admin.ts'], rules: { 'no-console': 'off' } },
];
