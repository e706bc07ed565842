/** One example of docs/protocol.md: what a bot sends and what it is answered, with `{placeholders}` still in it. */
export interface ProtocolExample {
  name: string;
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
  answer: { status: number; headers: Record<string, string>; body: string | null };
}

/** Stands for any value in an answer. */
export const ANY = '{any}';
/** Stands for any list in an answer. */
export const ANY_LIST = '[{any}]';

const FENCE = /```http (request|response)=(\w+)\n([\s\S]*?)```/g;

/** Reads the pairs of fenced blocks `http request=<name>` and `http response=<name>`. Throws when one of a pair is missing. */
export function protocolExamples(markdown: string): ProtocolExample[] {
  const blocks = [...markdown.matchAll(FENCE)].map(([, kind, name = '', text = '']) => ({ kind, name, ...splitMessage(text) }));
  const answers = new Map(blocks.filter(({ kind }) => kind === 'response').map((block) => [block.name, block]));
  const requests = blocks.filter(({ kind }) => kind === 'request');
  if (requests.length !== answers.size) throw new Error('a request without an answer, or an answer without a request');
  return requests.map(({ name, first, headers, body }) => {
    const answer = answers.get(name);
    const [, method, path] = /^(GET|POST) (\S+)$/.exec(first) ?? [];
    const status = Number(/^HTTP\/1\.1 (\d{3})$/.exec(answer?.first ?? '')?.[1]);
    if (!answer || path === undefined || Number.isNaN(status)) throw new Error(`the example ${name} is not readable`);
    return { name, method: method === 'POST' ? 'POST' : 'GET', path, headers, body, answer: { status, headers: answer.headers, body: answer.body } };
  });
}

function splitMessage(text: string): { first: string; headers: Record<string, string>; body: string | null } {
  const [head = '', ...rest] = text.trim().split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
  return { first, headers, body: rest.length === 0 ? null : rest.join('\n\n') };
}

/** Puts values in; what has none stays as it is (`{any}`). */
export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{([a-z_0-9]+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Where an answer is not what the page says: the page names every member. Empty when it is. */
export function differences(expected: unknown, actual: unknown, path = ''): string[] {
  if (expected === ANY) return actual === undefined ? [`${path} is missing`] : [];
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return [`${path} has ${actual.length} items`];
    return expected.flatMap((item, index) => differences(item, actual[index], `${path}[${index}]`));
  }
  if (isObject(expected) && isObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) =>
      key in expected ? differences(expected[key], actual[key], `${path}.${key}`) : [`${path}.${key} is not on the page`],
    );
  }
  return expected === actual ? [] : [`${path} is ${JSON.stringify(actual)}, the page says ${JSON.stringify(expected)}`];
}

/** The body of an answer as the page shows it. */
export function expectedBody(text: string): unknown {
  return JSON.parse(text.replaceAll(ANY_LIST, JSON.stringify(ANY)).replaceAll(`"${ANY}"`, JSON.stringify(ANY)));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
