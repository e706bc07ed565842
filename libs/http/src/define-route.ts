import { type ProblemCode } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { invalidRequest, issuesOf } from './problem.js';
import { findUnstorable } from './text-check.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** How a caller proves who it is. Runs before anything of the request is parsed; throws DomainError. */
export type Authenticator<A> = {
  /** Name of the security scheme in the OpenAPI document. */
  name: string;
  description: string;
  /** What it may throw besides `unauthenticated`; every route that uses it documents that. */
  problems?: readonly ProblemCode[];
  authenticate: (req: Request) => A | Promise<A>;
};

/** A JSON body; null for no body; or a body that is not JSON, or one in several media types (`alternatives`). */
export type ResponseSpec =
  | z.ZodType
  | null
  | { description: string; schema?: z.ZodType; contentType?: string; alternatives?: Record<string, z.ZodType> };

export type Responses = { readonly [status: number]: ResponseSpec; readonly problems?: readonly ProblemCode[] };

/**
 * An answer that goes on: called once the headers were sent, resolves when there is no more to say. Not called for HEAD.
 * `drain` waits for it: whoever streams without end has to end it when the server stops.
 */
export type StreamBody = (res: Response) => Promise<void>;

type Content =
  | { body: unknown; raw?: never; stream?: never }
  | { raw: string | Buffer; body?: never; stream?: never }
  | { stream: StreamBody; body?: never; raw?: never }
  | { body?: never; raw?: never; stream?: never };

/** What a handler returns, before its type is narrowed to what the route promises. */
export type AnyReply = { status: number; headers?: Record<string, string> } & Content;

/** Answers are only read; this lets literals in a handler keep their narrow types. Stops at records (free JSON). */
type Frozen<T> = T extends object ? (string extends keyof T ? T : { readonly [K in keyof T]: Frozen<T[K]> }) : T;

/** `raw` is sent byte for byte; the suite's OpenAPI check holds it to the same schema. */
type BodyOf<Spec> = Spec extends z.ZodType
  ? { body: Frozen<z.output<Spec>> } | { raw: string | Buffer }
  : Spec extends { schema: infer S extends z.ZodType }
    ? { body: Frozen<z.output<S>> } | { raw: string | Buffer }
    : Spec extends null
      ? unknown
      : { raw: string | Buffer } | { stream: StreamBody };

type StatusOf<R> = Extract<keyof R, number>;
export type ReplyOf<R> = {
  [S in StatusOf<R>]: { status: S; headers?: Record<string, string> } & BodyOf<R[S]>;
}[StatusOf<R>];

export type RequestContext = { requestId: string; log: Logger };

export type HandlerInput<A, P extends z.ZodType, Q extends z.ZodType, H extends z.ZodType, B extends z.ZodType> = {
  params: z.output<P>;
  query: z.output<Q>;
  headers: z.output<H>;
  body: z.output<B>;
  auth: A;
  req: Request;
  res: Response;
} & RequestContext;

export type RouteDefinition<
  R extends Responses,
  A,
  P extends z.ZodType,
  Q extends z.ZodType,
  H extends z.ZodType,
  B extends z.ZodType,
  O extends ReplyOf<R>,
> = {
  method: Method;
  /** With Express parameters: `/bots/:bot_id`. */
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  tags?: string[];
  auth: Authenticator<A> | 'none';
  params?: P;
  /** Default: no query parameter is known, all are refused. */
  query?: Q;
  headers?: H;
  body?: B;
  /** Bytes; default is the app's. */
  bodyLimit?: number;
  /** Default: application/json, for PATCH also application/merge-patch+json. */
  bodyTypes?: string[];
  /** Of requests that went well. Default: info for changes, debug for reads. Frequent reports set debug. */
  logLevel?: 'debug' | 'info';
  responses: R;
  handler: (input: HandlerInput<A, P, Q, H, B>) => O | Promise<O>;
};

/** A route as the app mounts and the OpenAPI document describes it: one source, so that they cannot drift apart. */
export type Route = {
  method: Method;
  path: string;
  operationId: string;
  summary: string;
  description: string | undefined;
  tags: string[];
  security: { name: string; description: string } | null;
  schemas: { params?: z.ZodType; query?: z.ZodType; headers?: z.ZodType; body?: z.ZodType };
  bodyLimit: number | undefined;
  bodyTypes: string[];
  logLevel?: 'debug' | 'info' | undefined;
  responses: Responses;
  authenticate: (req: Request) => Promise<(req: Request, res: Response, context: RequestContext) => Promise<AnyReply>>;
};

const NoQuery = z.strictObject({});

/** Parse → call → respond. The types of the handler's input and answer follow from the schemas. */
export function defineRoute<
  const R extends Responses,
  A = undefined,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  H extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  const O extends ReplyOf<R> = ReplyOf<R>,
>(route: RouteDefinition<R, A, P, Q, H, B, O>): Route {
  const { params, query, headers, body } = route;
  const isPatch = route.method === 'patch';
  return {
    method: route.method,
    path: route.path,
    operationId: route.operationId,
    summary: route.summary,
    description: route.description,
    tags: route.tags ?? [],
    security: route.auth === 'none' ? null : { name: route.auth.name, description: route.auth.description },
    schemas: { ...(params && { params }), ...(query && { query }), ...(headers && { headers }), ...(body && { body }) },
    bodyLimit: route.bodyLimit,
    bodyTypes: route.bodyTypes ?? ['application/json', ...(isPatch ? ['application/merge-patch+json'] : [])],
    logLevel: route.logLevel,
    responses: { ...route.responses, problems: [...(route.responses.problems ?? []), ...((route.auth !== 'none' && route.auth.problems) || [])] },
    async authenticate(authReq) {
      // Without an authenticator A can only be its default, undefined.
      const auth = (route.auth === 'none' ? undefined : await route.auth.authenticate(authReq)) as A;
      return async (req, res, context) => {
        if (!query) parsePart(NoQuery, req.query, 'query');
        return route.handler({
          params: parsePart<P>(params, req.params, 'params'),
          query: parsePart<Q>(query, req.query, 'query'),
          headers: parsePart<H>(headers, req.headers, 'headers'),
          body: parsePart<B>(body, req.body),
          auth,
          req,
          res,
          ...context,
        });
      };
    },
  };
}

/** A part without a schema is `undefined` for the handler. */
function parsePart<S extends z.ZodType>(schema: S | undefined, value: unknown, where?: string): z.output<S> {
  const nothing: unknown = undefined;
  return schema ? parseRequest(schema, value, where) : (nothing as z.output<S>);
}

/** Parses something a caller sent; throws `invalid-request` with every path. `where` is put in front of the paths. */
export function parseRequest<S extends z.ZodType>(schema: S, value: unknown, where?: string): z.output<S> {
  const unstorable = findUnstorable(value, where ? [where] : []);
  if (unstorable.length > 0) throw invalidRequest(unstorable);
  return parseForm(schema, value, where);
}

/** As parseRequest, without looking for what cannot be stored: for lists whose items are judged one by one. */
export function parseForm<S extends z.ZodType>(schema: S, value: unknown, where?: string): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(issuesOf(result.error, where));
  return result.data;
}
