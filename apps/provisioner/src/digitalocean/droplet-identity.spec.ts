import { type Droplet } from '@trawling/digitalocean';
import { dropletName, dropletTags, machineOf } from './droplet-identity.js';

const FLEET = '0199a000-0000-7000-8000-00000000000a';
const BOT = '0199a000-0000-7000-8000-00000000000b';
const OTHER = '0199a000-0000-7000-8000-00000000000c';
const droplet = (change: Partial<Droplet> = {}): Droplet => ({
  id: 7, name: dropletName({ botId: BOT, generation: 3 }), status: 'active', created_at: new Date(0), tags: dropletTags(FLEET, { botId: BOT, generation: 3 }), ...change,
});

describe('which machine a droplet is', () => {
  it('is said by its tags, whatever its name', () => {
    expect(machineOf(droplet({ name: 'renamed' }), FLEET)).toMatchObject({ botId: BOT, generation: 3, providerId: '7', state: 'running' });
  });

  it('is said by its name while it has no tags, in any case', () => {
    expect(machineOf(droplet({ tags: [], name: `BOT-${BOT.toUpperCase()}-G3` }), FLEET)).toMatchObject({ botId: BOT, generation: 3 });
  });

  it('is none of ours when it carries the tag of another fleet, even beside ours', () => {
    expect(machineOf(droplet({ tags: [`fleet:${OTHER}`] }), FLEET)).toBeNull();
    expect(machineOf(droplet({ tags: [`fleet:${FLEET}`, `fleet:${OTHER}`] }), FLEET)).toBeNull();
  });

  it('goes by the name when the tags say two things or half of one', () => {
    for (const tags of [[`bot:${OTHER}`], ['gen:9'], [`bot:${OTHER}`, `bot:${BOT}`, 'gen:9'], ['bot:x', 'gen:1']]) {
      expect(machineOf(droplet({ tags: [`fleet:${FLEET}`, ...tags] }), FLEET)).toMatchObject({ botId: BOT, generation: 3 });
    }
  });

  it.each(['web-1', `bot-${BOT}`, `bot-${BOT}-g0`, `bot-${BOT}-g01`, `bot-${BOT}-g3-old`, `my-bot-${BOT}-g3`, 'bot-nonsense-g1'])('is nobody’s with the name %s and no tags', (name) => {
    expect(machineOf(droplet({ name, tags: [] }), FLEET)).toBeNull();
  });

  it.each([['new', 'pending'], ['active', 'running'], ['off', 'off'], ['archive', 'off'], ['unknown', 'pending']] as const)('takes the status %s for %s', (status, state) => {
    expect(machineOf(droplet({ status }), FLEET)?.state).toBe(state);
  });
});
