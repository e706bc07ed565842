import type { JsonObject, JsonValue } from '@trawling/contracts';
import { checkOpenclawExtras, extrasTableGaps } from './check-openclaw-extras.js';
import { machineOwnedPaths } from './openclaw-machine.js';
import { OPENCLAW_EXTRAS } from './openclaw-extras-table.js';
import { SAFE_BASE } from './safe-base.js';
import keys from './testing/openclaw-2026.9.6-keys.json';

const deniedPaths = (patch: JsonObject) => checkOpenclawExtras(patch).denied.map(({ path }) => path);
const warnedPaths = (patch: JsonObject) => checkOpenclawExtras(patch).warnings.map(({ path }) => path);
const nested = (path: string, value: JsonValue): JsonObject => {
  const [key = '', ...rest] = path.split('.');
  return { [key]: rest.length === 0 ? value : nested(rest.join('.'), value) };
};

describe('the allow-list of extra OpenClaw settings', () => {
  it('classifies every root key of OpenClaw 2026.9.6, and every key below an allowed one', () => {
    expect(extrasTableGaps(keys)).toEqual([]);
  });

  it('names what a later release adds', () => {
    const later = { properties: { ...keys.properties, brandNew: {} } };

    expect(extrasTableGaps(later)).toEqual(['brandNew: not classified']);
  });

  it.each(Object.keys(keys.properties).filter((root) => !Object.hasOwn(OPENCLAW_EXTRAS.below, root)))('refuses the root key %s', (root) => {
    expect(deniedPaths({ [root]: {} })).toEqual([`openclaw.${root}`]);
  });

  it('refuses a root key nobody has heard of', () => {
    expect(deniedPaths({ brandNew: { enabled: true } })).toEqual(['openclaw.brandNew']);
  });

  it.each([
    'gateway.port', 'env.vars', 'secrets.providers', 'update.auto.enabled', 'telemetry.enabled', 'plugins.load.paths', 'hooks.enabled',
    'mcp.servers', 'tools.exec.mode', 'tools.allow', 'tools.loopDetection.enabled', 'agents.defaults.sandbox.mode', 'agents.defaults.heartbeat.every',
    'agents.defaults.model', 'agents.defaults.workspace', 'agents.entries.main.tools', 'models.providers', 'cron.webhookToken', 'cron.skipMissedJobs',
    'commands.bash', 'commands.config', 'channels.telegram.botToken', 'channels.telegram.groups', 'channels.discord.token', 'channels.slack.enabled',
    'session.store', 'logging.file', 'logging.redactPatterns', 'skills.workshop.autonomous.mode',
  ])('refuses %s', (path) => {
    expect(deniedPaths(nested(path, 'x')).some((denied) => `openclaw.${path}`.startsWith(denied))).toBe(true);
  });

  it.each([...machineOwnedPaths])('refuses %s, which belongs to the machine', (path) => {
    expect(deniedPaths(nested(path, { x: 1 }))).not.toEqual([]);
  });

  it.each([
    'agents.defaults.timeoutSeconds', 'agents.defaults.thinkingDefault', 'agents.defaults.compaction.keepRecentTokens', 'messages.queue.mode',
    'session.reset.atHour', 'logging.level', 'commands.text', 'cron.sessionRetention', 'channels.telegram.dmPolicy', 'channels.discord.dm.enabled',
    'attachments.ttlHours',
  ])('allows %s without a word', (path) => {
    expect(checkOpenclawExtras(nested(path, 5))).toEqual({ denied: [], warnings: [] });
  });

  it.each(['agents.defaults.bogus', 'messages.bogus', 'messages.queue.bogus', 'session.bogus', 'channels.telegram.bogus'])(
    'only warns about %s, an unknown child of an allowed path: the bot’s OpenClaw has the last word', (path) => {
      expect(checkOpenclawExtras(nested(path, true))).toMatchObject({ denied: [], warnings: [{ path: `openclaw.${path}` }] });
    });

  it('lets an owner take extras back with null', () => {
    expect(checkOpenclawExtras({ messages: null, agents: { defaults: { bogus: null } } })).toEqual({ denied: [], warnings: [] });
  });

  it('refuses to replace a whole object by something else', () => {
    expect(deniedPaths({ agents: { defaults: 'none' } })).toEqual(['openclaw.agents.defaults']);
  });

  it('keeps every turn bounded in time', () => {
    expect(deniedPaths({ agents: { defaults: { timeoutSeconds: 0 } } })).toEqual(['openclaw.agents.defaults.timeoutSeconds']);
    expect(deniedPaths({ agents: { defaults: { timeoutSeconds: 601 } } })).toEqual(['openclaw.agents.defaults.timeoutSeconds']);
  });

  it.each<[string, JsonObject, string]>([
    ['an include', { messages: { $include: '/etc/passwd' } }, 'openclaw.messages.$include'],
    ['an include in a list', { messages: { groupChat: { mentionPatterns: [{ $include: 'x' }] } } }, 'openclaw.messages.groupChat.mentionPatterns.0.$include'],
    ['an exec SecretRef', { messages: { responsePrefix: { source: 'exec', provider: 'p', id: 'x' } } }, 'openclaw.messages.responsePrefix'],
    ['an environment variable', { messages: { responsePrefix: 'key ${OPENAI_API_KEY}' } }, 'openclaw.messages.responsePrefix'],
    ['a literal provider key', { messages: { responsePrefix: 'sk-abcdefghijklmnopqrstuvwx' } }, 'openclaw.messages.responsePrefix'],
    ['a literal token under any name', { messages: { someToken: 'abc' } }, 'openclaw.messages.someToken'],
    ['prototype keys', JSON.parse('{"messages": {"__proto__": {"x": 1}}}'), 'openclaw.messages.__proto__'],
  ])('refuses %s', (_, patch, path) => {
    expect(deniedPaths(patch)).toContain(path);
  });

  it('warns about nothing that OpenClaw knows', () => {
    expect(warnedPaths({ session: { reset: { mode: 'daily', atHour: 4 } }, messages: { responsePrefix: '[bot]' } })).toEqual([]);
  });

  it('leaves an owner no part of the safe base but the length of a turn', () => {
    const leaves = (value: JsonValue, path: string): string[] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
        : [path];

    const touchable = leaves(SAFE_BASE, '').filter((path) => checkOpenclawExtras(nested(path, 5)).denied.length === 0);

    expect(touchable).toEqual(['agents.defaults.timeoutSeconds']);
  });
});
