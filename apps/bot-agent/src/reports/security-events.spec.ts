import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { createSecurityEvents } from './security-events.js';

describe('security events', () => {
  const setUp = () => {
    const clock = createFakeClock();
    const told: string[] = [];
    const reporter = { event: async (type: string, _severity: string, _message: string, data = {}) => void told.push(`${type} ${JSON.stringify(data)}`) };
    return { clock, told, security: createSecurityEvents({ reporter, clock, logger: createMemoryLogger().logger }) };
  };

  it('are told once an hour for one reason, whatever their message', async () => {
    const { clock, told, security } = setUp();
    for (let n = 0; n < 100; n += 1) security.say('security.config_refused', 'hash', `try ${n}`);
    expect(told).toHaveLength(1);
    await clock.advance(3_600_000);

    security.say('security.config_refused', 'hash', 'again');

    expect(told).toEqual(Array(2).fill('security.config_refused {"reason":"hash","security":true}'));
  });

  it('are told for each reason', () => {
    const { told, security } = setUp();

    security.say('security.config_refused', 'hash', 'one');
    security.say('security.config_refused', 'signature', 'two');
    security.say('security.key_set_refused', 'bad-signature', 'three');

    expect(told).toHaveLength(3);
  });
});
