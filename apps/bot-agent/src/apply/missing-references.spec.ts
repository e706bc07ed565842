import { missingReferences } from './missing-references.js';

describe('what a config refers to', () => {
  const available = { secrets: { llm_api_key: 'sk', empty: '' }, env: ['HOME'] };
  const missing = (config: Parameters<typeof missingReferences>[0]) => missingReferences(config, available).map(({ path }) => path);

  it('is found when the secret and the variable are there', () => {
    expect(missing({ models: { providers: { openai: { apiKey: { source: 'file', provider: 'fleet', id: '/llm_api_key' } } } }, a: { b: '${HOME}/x' } })).toEqual([]);
  });

  it.each([
    ['a secret that is not here', { a: { source: 'file', provider: 'fleet', id: '/other' } }, ['a']],
    ['a secret without a value', { a: { source: 'file', provider: 'fleet', id: '/empty' } }, ['a']],
    ['a variable in a text', { a: { b: ['x', 'before ${NOPE} after'] } }, ['a.b.1']],
    ['two variables in one text', { a: '${ONE}${HOME}${TWO}' }, ['a', 'a']],
    ['a variable as a reference', { a: { source: 'env', provider: 'default', id: 'NOPE' } }, ['a']],
  ])('is missing: %s', (_what, config, paths) => {
    expect(missing(config)).toEqual(paths);
  });

  it.each([
    ['an escaped variable', { a: '$${NOPE}' }],
    ['what is no variable name', { a: '${nope} ${} $NOPE' }],
    ['another provider’s secret', { a: { source: 'file', provider: 'fleet-gateway', id: 'value' } }],
    ['an object that only looks alike', { a: { source: 'file' } }],
  ])('is not our business: %s', (_what, config) => {
    expect(missing(config)).toEqual([]);
  });
});
