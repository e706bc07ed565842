// One preset for every project: @swc/jest to CommonJS, no Node flags.
// Workspace libraries resolve to their TypeScript sources through the custom condition "@trawling/source";
// packages that ship ES modules only are compiled as well, because jest's registry is CommonJS.
const esmOnly = ['jose', 'uuid', 'fast-check', 'pure-rand', 'axios', 'croner'].join('|');

module.exports = {
  testEnvironment: require.resolve('./tools/jest/leak-check-environment.cjs'),
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  transform: {
    '^.+\\.[mc]?[tj]s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
    '\\.sh$': require.resolve('./tools/jest/text-transform.cjs'),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly})/)`],
  testEnvironmentOptions: { customExportConditions: ['@trawling/source', 'node', 'node-addons'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testTimeout: 30_000,
};
