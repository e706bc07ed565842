import { EnvError, parseEnv } from '@trawling/runtime';
import { PublisherEnv } from './publisher-env.js';
import { publisherSettings } from './publisher-settings.js';

const settings = (env: Record<string, string>) => publisherSettings(parseEnv(PublisherEnv, env));

describe('the environment of a publisher', () => {
  it('may be empty: then nothing is published', () => {
    expect(parseEnv(PublisherEnv, {})).toEqual({ OPENCLAW_PUBLISH_SECONDS: 30 });
    expect(settings({})).toBeNull();
  });

  it.each([
    ['https://receiver.example', 'https://receiver.example/openclaw/status'],
    ['https://receiver.example:8443/fleet/', 'https://receiver.example:8443/fleet/openclaw/status'],
    ['http://127.0.0.1:4100', 'http://127.0.0.1:4100/openclaw/status'],
    ['http://127.1:4100', 'http://127.0.0.1:4100/openclaw/status'],
    ['http://127.255.0.9', 'http://127.255.0.9/openclaw/status'],
    ['http://[::1]:4100', 'http://[::1]:4100/openclaw/status'],
    ['http://localhost:4100', 'http://localhost:4100/openclaw/status'],
  ])('takes %s', (OPENCLAW_BASE_URL, url) => {
    expect(settings({ OPENCLAW_BASE_URL, OPENCLAW_API_KEY: 'k' })?.url.href).toBe(url);
  });

  it.each([
    ['http://receiver.example', /plain http is for this machine only/],
    ['http://128.0.0.1', /plain http is for this machine only/],
    ['http://127.0.0.1.example', /plain http is for this machine only/],
    ['http://localhost.example', /plain http is for this machine only/],
    ['http://0.0.0.0:4100', /plain http is for this machine only/],
    ['https://me:hunter2@receiver.example', /without user and password/],
    ['https://receiver.example/?key=hunter2', /without \? and #/],
    ['ftp://receiver.example', /expected an https URL/],
    ['receiver.example', /expected an https URL/],
  ])('refuses %s at start, and says why without repeating it', (OPENCLAW_BASE_URL, why) => {
    const start = () => settings({ OPENCLAW_BASE_URL, OPENCLAW_API_KEY: 'k' });

    expect(start).toThrow(EnvError);
    expect(start).toThrow(why);
    expect(start).not.toThrow(/hunter2/);
  });

  it('refuses a base URL without a key', () => {
    expect(() => settings({ OPENCLAW_BASE_URL: 'https://receiver.example' })).toThrow(/OPENCLAW_API_KEY is needed/);
  });

  it.each(['two words', 'line\nbreak', 'schlüssel'])('refuses a key that is no header, without repeating it: %j', (OPENCLAW_API_KEY) => {
    const start = () => settings({ OPENCLAW_BASE_URL: 'https://receiver.example', OPENCLAW_API_KEY });

    expect(start).toThrow(/OPENCLAW_API_KEY: expected printable characters/);
    expect(start).not.toThrow(new RegExp(OPENCLAW_API_KEY));
  });

  it.each(['0', '121', '1.5', 'often'])('refuses an interval of %s seconds', (OPENCLAW_PUBLISH_SECONDS) => {
    expect(() => parseEnv(PublisherEnv, { OPENCLAW_PUBLISH_SECONDS })).toThrow(EnvError);
  });
});
