import { type RequestListener, type ServerResponse } from 'node:http';
import { type OpenApiDocument } from '../openapi-document.js';
import { expectMatchesOpenApi } from './match-openapi.js';

/**
 * Wraps an app for supertest (or listen) so that every response is held to its document. What does not match fails
 * the test it happened in, through an afterEach hook.
 */
export function holdToOpenApi(
  app: RequestListener,
  document: OpenApiDocument,
  install: (hook: () => void) => void = afterEach,
): RequestListener {
  const mismatches: string[] = [];
  install(() => {
    const found = mismatches.splice(0);
    if (found.length > 0) throw new Error(`responses that the OpenAPI document does not describe:\n${found.join('\n')}`);
  });
  return (req, res) => {
    const method = req.method ?? 'GET';
    const path = req.url ?? '/';
    captureAnswer(res, (bytes, contentType) => {
      if (path.startsWith('/openapi.json')) return;
      try {
        expectMatchesOpenApi(document, { method, path, status: res.statusCode, contentType, body: parse(bytes, contentType) });
      } catch (error) {
        mismatches.push(error instanceof Error ? error.message : String(error));
      }
    });
    app(req, res);
  };
}

/** Looks at what is written, right before the end is sent: the test that gets the answer finds the verdict there. */
function captureAnswer(res: ServerResponse, onEnd: (bytes: Buffer, contentType: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let writtenType: string | undefined;
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const { write, end, writeHead } = res;
  // Headers given here are not kept where getHeader looks.
  res.writeHead = new Proxy(writeHead, {
    apply(target, self, args: unknown[]) {
      const headers = args.at(-1);
      // Names and values in turns, as the hot routes give them.
      if (Array.isArray(headers)) writtenType = contentTypeIn(headers.map(String));
      return Reflect.apply(target, self, args);
    },
  });
  res.write = new Proxy(write, {
    apply(target, self, args: unknown[]) {
      keep(args[0]);
      return Reflect.apply(target, self, args);
    },
  });
  res.end = new Proxy(end, {
    apply(target, self, args: unknown[]) {
      keep(args[0]);
      onEnd(Buffer.concat(chunks), (res.getHeader('content-type') ?? writtenType)?.toString());
      return Reflect.apply(target, self, args);
    },
  });
}

function contentTypeIn(headers: readonly string[]): string | undefined {
  const name = headers.findIndex((part, index) => index % 2 === 0 && /^content-type$/i.test(part));
  return name < 0 ? undefined : headers[name + 1];
}

function parse(bytes: Buffer, contentType: string | undefined): unknown {
  if (bytes.length === 0) return undefined;
  const text = bytes.toString('utf8');
  return /json/.test(contentType ?? '') ? JSON.parse(text) : text;
}
