import { credentialVerdict, type CredentialFacts } from './credential-verdict.js';

const facts: CredentialFacts = {
  botId: 'a',
  generation: 2,
  revokedAt: null,
  revokedReason: null,
  currentGeneration: 2,
  decommissionRequestedAt: null,
  replaced: false,
};
const revoked = (revokedReason: string | null): Partial<CredentialFacts> => ({ revokedAt: new Date(), revokedReason });

describe('credentialVerdict', () => {
  it.each([
    ['a current credential on its own bot', {}, 'a', null],
    ['a current credential on another bot', {}, 'b', 'bot-not-found'],
    ['one revoked for security', revoked('security'), 'a', 'unauthenticated'],
    ['one revoked for security, on another bot', revoked('security'), 'b', 'unauthenticated'],
    ['one revoked for no stated reason', revoked(null), 'a', 'unauthenticated'],
    ['one revoked for a reason from the future', revoked('moon-phase'), 'a', 'unauthenticated'],
    ['one that another took over from', { replaced: true }, 'a', 'unauthenticated'],
    ['one revoked with its bot', revoked('decommissioned'), 'a', 'bot-decommissioned'],
    ['one whose bot is being decommissioned', { decommissionRequestedAt: new Date() }, 'a', 'bot-decommissioned'],
    ['one of a decommissioned bot, on another bot', revoked('decommissioned'), 'b', 'bot-not-found'],
    ['one revoked by a newer machine', revoked('superseded'), 'a', 'machine-superseded'],
    ['one of an older generation', { currentGeneration: 3 }, 'a', 'machine-superseded'],
    ['an older generation of a decommissioned bot', { currentGeneration: 3, ...revoked('decommissioned') }, 'a', 'bot-decommissioned'],
    ['one of a generation newer than ours, as after a restore', { currentGeneration: 1 }, 'a', null],
  ])('%s', (_case, change, botId, expected) => {
    expect(credentialVerdict({ ...facts, ...change }, botId)).toBe(expected);
  });
});
