import type { RotateCredentialRequest } from '@trawling/contracts';
import { decideRotation, type RotationFacts } from './decide-rotation.js';

const request: RotateCredentialRequest = {
  bot_id: '0199a000-0000-7000-8000-000000000001',
  generation: 2,
  replaces: '0199a000-0000-7000-8000-000000000002',
  credential_id: '0199a000-0000-7000-8000-000000000003',
  credential_hash: `sha256:${'0'.repeat(64)}`,
  proof: 'a.b.c',
};
const current = { generation: 2, revokedReason: null, unused: false, replaced: false };
const good: RotationFacts = {
  request,
  bot: { id: request.bot_id, machineGeneration: 2, decommissioning: false },
  current,
  verified: true,
  candidate: null,
};

describe('deciding a credential rotation', () => {
  it('accepts what the machine of a good credential asks for', () => {
    expect(decideRotation(good)).toEqual({ kind: 'accept' });
  });

  it('accepts the same candidate again, also after it took over', () => {
    const candidate = { same: true, revoked: false };

    expect(decideRotation({ ...good, candidate })).toEqual({ kind: 'accept-again' });
    expect(decideRotation({ ...good, candidate, current: { ...current, replaced: true, revokedReason: 'rotated' } })).toEqual({ kind: 'accept-again' });
  });

  it.each<[string, Partial<RotationFacts>, string, boolean]>([
    ['a credential the bot does not have', { current: null }, 'rotation-refused', false],
    ['a request for another bot', { bot: { ...good.bot, id: request.credential_id } }, 'rotation-refused', false],
    ['a proof by another key, with an alarm', { verified: false }, 'rotation-refused', true],
    ['a proof by another key before it says anything else', { verified: false, candidate: { same: true, revoked: false } }, 'rotation-refused', true],
    ['a bot that is to go', { bot: { ...good.bot, decommissioning: true } }, 'bot-decommissioned', false],
    ['an older machine', { bot: { ...good.bot, machineGeneration: 3 } }, 'machine-superseded', false],
    ['a superseded credential', { current: { ...current, revokedReason: 'superseded' } }, 'machine-superseded', false],
    ['the credential of another generation', { request: { ...request, generation: 3 } }, 'rotation-refused', false],
    ['a credential revoked for security', { current: { ...current, revokedReason: 'security' } }, 'rotation-refused', false],
    ['a credential another one took over from', { current: { ...current, replaced: true } }, 'rotation-refused', false],
    ['a candidate that was never used', { current: { ...current, unused: true } }, 'rotation-refused', false],
    ['a credential id that is taken', { candidate: { same: false, revoked: false } }, 'rotation-refused', false],
    ['a candidate that was revoked', { candidate: { same: true, revoked: true } }, 'rotation-refused', false],
  ])('refuses %s', (_what, facts, code, alarm) => {
    expect(decideRotation({ ...good, ...facts })).toMatchObject({ kind: 'refuse', code, alarm });
  });
});
