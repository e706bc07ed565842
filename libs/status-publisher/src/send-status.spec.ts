import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { INSTANCE_STATUS_MEDIA_TYPE } from '@trawling/contracts';
import { build } from 'esbuild';
import { type Outcome } from './outcome.js';
import { createSender } from './send-status.js';
import { statusUrl } from './status-url.js';
import { anyStatus } from './testing/any-status.js';
import { type Behaviour, behaviours, createTestAuthority, startTestReceiver, type TestAuthority, type TestReceiver } from './testing/index.js';

const KEY = 'the-key-of-this-test';
let authority: TestAuthority;
let receiver: TestReceiver;

/** One status, to the receiver of the test. */
async function send(options: { ca?: string; baseUrl?: string; signal?: AbortSignal } = {}): Promise<Outcome> {
  const sender = createSender({ url: statusUrl(options.baseUrl ?? receiver.url), apiKey: KEY, ca: options.ca, now: () => new Date() });
  try {
    return await sender.send(anyStatus(), options.signal ?? new AbortController().signal);
  } finally {
    sender.close();
  }
}

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => receiver.close());

describe('over https', () => {
  const listen = async (options: Parameters<TestAuthority['issue']>[0]) => {
    receiver = await startTestReceiver({ tls: await authority.issue(options) });
  };

  it('a certificate of an authority that is trusted, for this host, now, is accepted', async () => {
    await listen({ ip: ['127.0.0.1'] });

    expect(await send({ ca: authority.ca })).toEqual({ ok: true, httpStatus: 204 });
  });

  it.each([
    ['expired', { ip: ['127.0.0.1'], expired: true }, 'CERT_HAS_EXPIRED'],
    ['for another host', { dns: ['receiver.example'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('a certificate that is %s is refused before anything is said', async (_, options, code) => {
    await listen(options);

    expect(await send({ ca: authority.ca })).toMatchObject({ ok: false, reason: 'certificate', code });
    expect(receiver.requests()).toEqual([]);
  });

  it.each([['nobody knows', () => undefined], ['is not the one that is trusted', async () => (await createTestAuthority('Test authority')).ca]])(
    'a certificate of an authority that %s is refused before anything is said',
    async (_, trusted) => {
      await listen({ ip: ['127.0.0.1'] });
      const ca = await trusted();

      expect(await send(ca === undefined ? {} : { ca })).toMatchObject({ ok: false, reason: 'certificate' });
      expect(receiver.requests()).toEqual([]);
    },
  );

  it('certificates are checked even when the environment switches that off for everything else', async () => {
    await listen({ ip: ['127.0.0.1'], expired: true });

    const outcome = await sendFromProcess({ NODE_TLS_REJECT_UNAUTHORIZED: '0', BASE_URL: receiver.url, CA: authority.ca });

    expect(outcome).toMatchObject({ ok: false, reason: 'certificate', code: 'CERT_HAS_EXPIRED' });
  });
});

describe('a status', () => {
  beforeEach(async () => {
    receiver = await startTestReceiver();
  });

  it('is posted as JSON below the base URL, with the key as a bearer token', async () => {
    await send({ baseUrl: `${receiver.url}/directory/` });

    expect(receiver.requests()).toEqual([
      { method: 'POST', path: '/directory/openclaw/status', headers: expect.objectContaining({ authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'user-agent': 'thumbnailer/1.2.3' }) },
    ]);
    expect(receiver.received()).toEqual([anyStatus()]);
  });

  it.each([
    ['takesIt', { ok: true, httpStatus: 204 }],
    ['takesItInJson', { ok: true, httpStatus: 200 }],
    ['saysMoreThanNoContent', { ok: true, httpStatus: 204 }],
    ['resets', { ok: false, reason: 'network', httpStatus: null, code: 'ECONNRESET' }],
    ['breaksOff', { ok: false, reason: 'network', httpStatus: null }],
    ['changesTheProtocol', { ok: false, reason: 'network', httpStatus: null }],
    ['redirects', { ok: false, reason: 'not-a-receiver', httpStatus: 307 }],
    ['answersAPage', { ok: false, reason: 'not-a-receiver', httpStatus: 200 }],
    ['answersTooMuch', { ok: false, reason: 'not-a-receiver', httpStatus: 200 }],
    ['doesNotKnowThePath', { ok: false, reason: 'not-a-receiver', httpStatus: 404 }],
    ['fails', { ok: false, reason: 'server-error', httpStatus: 500 }],
    ['throttles', { ok: false, reason: 'throttled', httpStatus: 429, retryAfterMs: 7_000, code: 'too-many-requests' }],
    ['refusesTheKey', { ok: false, reason: 'unauthorized', httpStatus: 401, code: 'unauthorized' }],
  ] as const)('that meets a receiver which %s comes to %j', async (name, outcome) => {
    receiver.behave(behaviours[name]);

    expect(await send()).toMatchObject(outcome);
    expect(receiver.requests()).toHaveLength(1);
  });

  it.each(['hangs', 'hangsInItsAnswer'] as const)('is given up when it is told so, also by a receiver that %s', async (name) => {
    const given = new AbortController();
    const hang: Behaviour = behaviours[name];
    receiver.behave((response, request) => {
      hang(response, request);
      given.abort();
    });

    expect(await send({ signal: given.signal })).toMatchObject({ ok: false, reason: 'given-up' });
  });

  it('that finds nobody comes to a network error', async () => {
    const { url } = receiver;
    await receiver.close();

    expect(await send({ baseUrl: url })).toMatchObject({ ok: false, reason: 'network', code: 'ECONNREFUSED' });
    receiver = await startTestReceiver();
  });

  it('never goes through a proxy of the environment', async () => {
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:9';

    try {
      expect(await send()).toMatchObject({ ok: true });
    } finally {
      delete process.env['HTTP_PROXY'];
    }
  });

  it('does not ask for the media type of GET /status', async () => {
    await send();

    expect(receiver.requests()[0]?.headers.accept).not.toContain(INSTANCE_STATUS_MEDIA_TYPE);
  });
});

/** From a process of its own: the environment that TLS reads is not the one of a test. */
async function sendFromProcess(env: Record<string, string>): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createSender } from './send-status.js';
        import { statusUrl } from './status-url.js';
        import { anyStatus } from './testing/any-status.js';
        const { send } = createSender({ url: statusUrl(process.env.BASE_URL), apiKey: 'k', ca: process.env.CA, now: () => new Date() });
        void send(anyStatus(), new AbortController().signal).then((outcome) => process.stdout.write(JSON.stringify(outcome)));`,
      resolveDir: __dirname,
      loader: 'ts',
    },
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@trawling/source'],
  });
  const child = promisify(execFile)(process.execPath, ['-'], { env: { ...process.env, ...env } });
  child.child.stdin?.end(outputFiles[0]?.text);
  const outcome: unknown = JSON.parse((await child).stdout);
  return outcome;
}
