import type { EnrollRequest } from '@trawling/contracts';
import { decideEnrollment, type EnrollmentFacts } from './decide-enrollment.js';

const request: EnrollRequest = {
  bot_id: '0199a000-0000-7000-8000-000000000001',
  generation: 2,
  token_id: '0199a000-0000-7000-8000-000000000002',
  machine_id: 'local-1',
  identity_key: { kty: 'OKP', crv: 'Ed25519', x: 'x'.repeat(43) },
  sealing_key: { kty: 'OKP', crv: 'X25519', x: 'y'.repeat(43) },
  credential_id: '0199a000-0000-7000-8000-000000000003',
  credential_hash: `sha256:${'0'.repeat(64)}`,
  proof: 'a.b.c',
  mac: 'm'.repeat(43),
};
const made = new Date('2026-01-01T10:00:00Z');
const used = new Date('2026-01-01T10:01:00Z');
const token = { id: request.token_id, createdAt: made, usedAt: null, expired: false };
const good: EnrollmentFacts = {
  request,
  bot: { machineGeneration: 2, decommissioning: false },
  token,
  siblingUsedAt: null,
  verified: true,
  credential: null,
};
const spent = { token: { ...token, usedAt: used } };
const known = (change: Partial<NonNullable<EnrollmentFacts['credential']>> = {}) => ({
  credential: { sameKeys: true, revokedReason: null, botId: request.bot_id, ...change },
});

describe('deciding an enrollment', () => {
  it('accepts a verified request with a fresh token', () => {
    expect(decideEnrollment(good)).toEqual({ kind: 'accept' });
  });

  it('accepts the same keys again, also after the token has expired', () => {
    expect(decideEnrollment({ ...good, token: { ...token, usedAt: used, expired: true }, ...known() })).toEqual({ kind: 'accept-again' });
  });

  it('accepts a token that was made after another one of its generation was used: the machine was made anew', () => {
    const later = { ...token, createdAt: new Date('2026-01-01T11:00:00Z') };

    expect(decideEnrollment({ ...good, token: later, siblingUsedAt: used })).toEqual({ kind: 'accept' });
  });

  it.each<[string, Partial<EnrollmentFacts>, string, boolean]>([
    ['an unknown token', { token: null }, 'enrollment-refused', false],
    ['a wrong MAC', { verified: 'bad-mac' }, 'enrollment-refused', false],
    ['a wrong MAC on a used token, without an alarm', { ...spent, verified: 'bad-mac' }, 'enrollment-refused', false],
    ['a token that cannot be opened', { verified: null }, 'enrollment-refused', false],
    ['an expired token', { token: { ...token, expired: true } }, 'enrollment-refused', false],
    ['a bot that is to go', { bot: { machineGeneration: 2, decommissioning: true } }, 'bot-decommissioned', false],
    ['an older generation', { bot: { machineGeneration: 3, decommissioning: false } }, 'machine-superseded', false],
    ['a generation nobody wants yet', { bot: { machineGeneration: 1, decommissioning: false } }, 'enrollment-refused', false],
    ['other keys on a used token', { ...spent, ...known({ sameKeys: false }) }, 'enrollment-token-used', true],
    ['another credential on a used token', spent, 'enrollment-token-used', true],
    ['a second machine of the same generation', { siblingUsedAt: used }, 'enrollment-token-used', true],
    ['a credential id that is taken', known({ sameKeys: false }), 'enrollment-refused', false],
    ['a superseded machine that asks again', { ...spent, ...known({ revokedReason: 'superseded' }) }, 'machine-superseded', false],
    ['a machine locked out for security', { ...spent, ...known({ revokedReason: 'security' }) }, 'enrollment-refused', false],
  ])('refuses %s', (_what, facts, code, alarm) => {
    expect(decideEnrollment({ ...good, ...facts })).toMatchObject({ kind: 'refuse', code, alarm });
  });
});
