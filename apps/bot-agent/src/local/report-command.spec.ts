import { createServer } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { MACHINE_FILES } from '@trawling/contracts';
import { Command, CommanderError } from 'commander';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { addReportCommand } from './report-command.js';

const folder = temporaryFolder();
const TOKEN = 'a-token-of-more-than-twenty-characters';

describe('bot-agent report', () => {
  /** An agent that answers as it is told. */
  async function agentThat(answer: { status: number; body: object }) {
    const bodies: unknown[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        if (request.headers.authorization === `Bearer ${TOKEN}`) bodies.push(JSON.parse(text));
        response.writeHead(answer.status, { 'Content-Type': 'application/json', Connection: 'close' }).end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await mkdir(folder.path(MACHINE_FILES.shared));
    await writeFile(folder.path(MACHINE_FILES.localReports), JSON.stringify({ url: `http://127.0.0.1:${port}/reports`, token: TOKEN }));
    return { bodies, close: () => new Promise((resolve) => server.close(resolve)) };
  }

  const run = async (args: string[], stdin: string | (() => Promise<string>) = '') => {
    const said = { out: '', err: '', code: NaN };
    const program = new Command('bot-agent').exitOverride();
    addReportCommand(program, {
      host: realHost,
      readStdin: async () => (typeof stdin === 'string' ? stdin : stdin()),
      stdout: (text) => (said.out += text),
      stderr: (text) => (said.err += text),
      machineDir: folder.path(),
      exit: (code) => (said.code = code),
    });
    await program.parseAsync(['report', ...args], { from: 'user' }).catch((error: unknown) => {
      if (!(error instanceof CommanderError)) throw error;
    });
    return said;
  };
  const accepted = { status: 202, body: { accepted: 1, event_ids: ['e'] } };

  it.each([
    ['a trade', ['trade', '--symbol', 'BTC', '--side', 'sell', '--quantity', '0.5', '--price', '60000', '--fee', '1', '--mode', 'live', '--client-id', 'c1', '--data', '{"a":1}'],
      { kind: 'trade', symbol: 'BTC', side: 'sell', quantity: 0.5, price: 60_000, fee: 1, mode: 'live', client_id: 'c1', data: { a: 1 } }],
    ['the account', ['equity', '--equity', '1000', '--cash', '10'], { kind: 'equity', equity_usd: 1_000, cash_usd: 10 }],
    ['a note', ['note', 'the spread is wide', '--severity', 'warning'], { kind: 'note', message: 'the spread is wide', severity: 'warning' }],
    ['a number', ['metric', '--name', 'slippage_bps', '--value', '-3', '--label', 'venue=a', '--label', 'x=y=z'],
      { kind: 'metric', name: 'slippage_bps', value: -3, labels: { venue: 'a', x: 'y=z' } }],
    ['a negative balance', ['equity', '--equity=-5'], { kind: 'equity', equity_usd: -5 }],
  ])('hands on %s and prints what the agent says', async (_what, args, body) => {
    const agent = await agentThat(accepted);

    const said = await run(args);
    await agent.close();

    expect(agent.bodies).toEqual([body]);
    expect(said).toEqual({ code: 0, out: `${JSON.stringify(accepted.body)}\n`, err: '' });
  });

  it('takes JSON from stdin or a file, one report or many', async () => {
    const agent = await agentThat(accepted);
    const reports = [{ kind: 'note', message: 'one' }, { kind: 'metric', name: 'n', value: 1 }];
    await writeFile(folder.path('reports.json'), JSON.stringify(reports[0]));

    const codes = [(await run(['--json', '-'], JSON.stringify(reports))).code, (await run(['--json', folder.path('reports.json')])).code];
    await agent.close();

    expect(codes).toEqual([0, 0]);
    expect(agent.bodies).toEqual([reports, reports[0]]);
  });

  it.each([
    ['a number that is none', ['equity', '--equity', 'much'], '--equity'],
    ['a number that is not decimal', ['trade', '--symbol', 'BTC', '--side', 'buy', '--quantity', '0x10', '--price', '1'], '--quantity'],
    ['a number that is beyond all numbers', ['equity', '--equity', '1e999'], '--equity'],
    ['an option that is missing', ['trade', '--symbol', 'BTC'], '--side'],
    ['an option it does not know', ['note', 'x', '--colour', 'red'], '--colour'],
    ['a value that the contract refuses', ['trade', '--symbol', 'BTC', '--side', 'hold', '--quantity', '1', '--price', '1'], 'side'],
    ['data that is not JSON', ['note', 'x', '--data', '{'], 'JSON'],
    ['stdin that is not JSON', ['--json', '-'], 'JSON'],
    ['a file that is not there', ['--json', 'no-such-reports.json'], 'no-such-reports.json: It is not there.'],
    ['a folder in place of a file', ['--json', '.'], 'It is not readable'],
    ['nothing at all', [], 'Usage'],
    ['a kind it does not know', ['wish'], ''],
  ])('says what is wrong with %s, with exit code 2 and without asking the agent', async (_what, args, why) => {
    const agent = await agentThat(accepted);

    const said = await run(args);
    await agent.close();

    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toContain(why);
    expect(said.err).not.toContain('    at ');
    expect(agent.bodies).toEqual([]);
  });

  it('says in one line that stdin cannot be read', async () => {
    const said = await run(['--json', '-'], () => Promise.reject(new Error('EISDIR: illegal operation on a directory, read')));

    expect(said).toEqual({ code: 2, out: '', err: 'error: -: It is not readable: EISDIR: illegal operation on a directory, read\n' });
  });

  it.each([['1e-8', 1e-8], ['+.5', 0.5], ['7.', 7], ['-0.25', -0.25]])('takes %s for a decimal number', async (text, value) => {
    const agent = await agentThat(accepted);

    await run(['equity', `--equity=${text}`]);
    await agent.close();

    expect(agent.bodies).toEqual([{ kind: 'equity', equity_usd: value }]);
  });

  it.each([
    ['refuses the token', { status: 401, body: { type: 'x', title: 'A valid credential is needed', status: 401, code: 'unauthenticated' } }, 1],
    ['finds the report wrong', { status: 400, body: { type: 'x', title: 'No', status: 400, code: 'invalid-request', detail: 'at: is in the future' } }, 2],
    ['is asked too often', { status: 429, body: { type: 'x', title: 'Too many requests', status: 429, code: 'rate-limited' } }, 75],
    ['has a full disk', { status: 503, body: { type: 'x', title: 'Not ready: try again', status: 503, code: 'unavailable' } }, 75],
  ])('ends with a code of its own when the agent %s', async (_what, answer, code) => {
    const agent = await agentThat(answer);

    const said = await run(['note', 'x']);
    await agent.close();

    expect(said).toEqual({ code, out: '', err: expect.stringContaining(answer.body.title) });
  });

  it('says to try again when the agent is not running, or never was', async () => {
    const never = await run(['note', 'x']);
    const agent = await agentThat(accepted);
    await agent.close();

    const gone = await run(['note', 'x']);

    expect([never.code, gone.code]).toEqual([75, 75]);
    expect(never.err).toContain('local-reports.json');
    expect(gone.err).toContain('does not answer');
  });

  it('explains itself, exit code 0', async () => {
    const said = await run(['trade', '--help']);

    expect(said.code).toBe(0);
    expect(said.out).toContain('--client-id');
    expect((await run(['--help'])).out).toContain('Exit codes');
  });
});
