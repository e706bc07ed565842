import { Problem } from '@trawling/contracts';
import axios from 'axios';
import { type Host } from '../host.js';
import { LocalAddress } from './local-address.js';

/** Of sysexits.h where it has one: a job that reports can tell "wrong" from "not now". */
export const EXIT = { accepted: 0, refused: 1, usage: 2, tryAgain: 75 } as const;

export interface SendOutcome {
  exitCode: (typeof EXIT)[keyof typeof EXIT];
  /** For stdout when accepted, for stderr otherwise. */
  text: string;
}

const TIMEOUT_MS = 15_000;

/** Hands reports to the agent of this machine. Never throws. */
export async function sendLocalReports(host: Pick<Host, 'readText'>, input: { addressFile: string; body: unknown }): Promise<SendOutcome> {
  const address = readAddress(await host.readText(input.addressFile).catch(() => null));
  if (!address) return { exitCode: EXIT.tryAgain, text: `${input.addressFile} is not there or not readable: has the agent of this machine been started?` };
  try {
    const response = await axios.post<string>(address.url, JSON.stringify(input.body), {
      headers: { Authorization: `Bearer ${address.token}`, 'Content-Type': 'application/json' },
      timeout: TIMEOUT_MS,
      proxy: false,
      maxRedirects: 0,
      responseType: 'text',
      transformResponse: (text: string) => text,
      validateStatus: () => true,
    });
    if (response.status === 202) return { exitCode: EXIT.accepted, text: response.data };
    return { exitCode: exitCodeOf(response.status), text: explain(response.status, response.data) };
  } catch (error) {
    return { exitCode: EXIT.tryAgain, text: `the agent of this machine does not answer: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function exitCodeOf(status: number): SendOutcome['exitCode'] {
  if (status === 400 || status === 413) return EXIT.usage;
  return status === 429 || status >= 500 ? EXIT.tryAgain : EXIT.refused;
}

function explain(status: number, text: string): string {
  const problem = Problem.safeParse(parse(text));
  return problem.success ? `${problem.data.title}${problem.data.detail ? `: ${problem.data.detail}` : ''}` : `the agent answered ${status}`;
}

function readAddress(text: string | null): LocalAddress | null {
  const parsed = LocalAddress.safeParse(parse(text ?? ''));
  return parsed.success ? parsed.data : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
