import { type SeededRandom } from '../seeded-random.js';
import { type AnswerFate, type RequestFate, type WireAnswer } from '../workers/wire.js';

const json = (status: number, body: object, headers: Record<string, string> = {}): WireAnswer => ({
  status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(JSON.stringify(body)),
});
const serverError = json(500, { id: 'server_error', message: 'Unexpected server-side error' });
const gatewayTimeout: WireAnswer = { status: 504, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html><h1>504 Gateway Time-out</h1></html>') };
const tooMany = (headers: Record<string, string>): WireAnswer => json(429, { id: 'too_many_requests', message: 'API Rate limit exceeded.' }, headers);

/** What the network and the proxies in front of the API do to a request before it arrives. A create that comes late matters most. */
export const requestFaults = ({ int }: SeededRandom, isCreate: boolean): readonly { name: string; weight: number; fate: RequestFate }[] => [
  { name: 'lost on the way', weight: 3, fate: { kind: 'lose' } },
  { name: 'timed out and arrived late', weight: isCreate ? 8 : 3, fate: { kind: 'arrive_late' } },
  { name: '500 without effect', weight: 2, fate: { kind: 'answer', answer: serverError } },
  { name: 'HTML 504 without effect', weight: 1, fate: { kind: 'answer', answer: gatewayTimeout } },
  { name: '429 with retry-after', weight: 2, fate: { kind: 'answer', answer: tooMany({ 'retry-after': String(int(1, 20)) }) } },
  { name: '429 without retry-after', weight: 1, fate: { kind: 'answer', answer: tooMany({}) } },
];

/** What they do to its answer: the effect is there. */
export const answerFaults: readonly { name: string; weight: number; fate: AnswerFate }[] = [
  { name: 'answer dropped', weight: 4, fate: { kind: 'lose' } },
  { name: '500 after the effect', weight: 2, fate: { kind: 'replace', answer: serverError } },
  { name: 'HTML 504 after the effect', weight: 2, fate: { kind: 'replace', answer: gatewayTimeout } },
];
