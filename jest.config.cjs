// Every project at once: `npx jest`, or `npm test` for the whole. One project: `npx jest -c libs/domain/jest.config.cjs`.
module.exports = {
  projects: ['<rootDir>/apps/*/jest.config.cjs', '<rootDir>/libs/*/jest.config.cjs', '<rootDir>/tools/*/jest.config.cjs', '<rootDir>/e2e/jest.config.cjs'],
};
