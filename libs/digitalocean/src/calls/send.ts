import { type Agent as HttpAgent } from 'node:http';
import { type Agent as HttpsAgent } from 'node:https';
import axios, { isAxiosError } from 'axios';

export type HttpCall = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From `/v2/` on, parts encoded. */
  path: string;
  query?: Record<string, string | number>;
  body?: object;
};

export type HttpAnswer = {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string | undefined>;
  text: string;
};

/** No answer that could be read to its end: `reason` says why, without anything of the request. */
export type NoAnswer = { status: null; reason: string };

export type Transport = { baseUrl: string; token: string; agent: HttpAgent | HttpsAgent; signal: AbortSignal };

/** More than a page of 200 droplets by a factor of ten. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** One HTTP request, sent at most once: no retry, no redirect, any status is an answer. Never throws. */
export async function send(call: HttpCall, transport: Transport): Promise<HttpAnswer | NoAnswer> {
  const { agent } = transport;
  try {
    const response = await axios.request<string>({
      method: call.method,
      baseURL: transport.baseUrl,
      url: call.path,
      params: call.query,
      data: call.body === undefined ? undefined : JSON.stringify(call.body),
      headers: {
        authorization: `Bearer ${transport.token}`,
        accept: 'application/json',
        'user-agent': 'trawling-traders',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: transport.signal,
      httpAgent: agent,
      httpsAgent: agent,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
      validateStatus: () => true,
      responseType: 'text',
      transformResponse: (text: string) => text,
    });
    return { status: response.status, headers: lowerCase(response.headers), text: String(response.data ?? '') };
  } catch (error) {
    return { status: null, reason: describe(error, transport.signal) };
  }
}

/** Of the error only what names the failure: an axios error carries the request with its token and user data. */
function describe(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason.message : 'given up';
  if (isAxiosError(error)) return error.code === undefined ? error.message : `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : 'unknown error';
}

function lowerCase(headers: object): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value == null ? undefined : String(value)]));
}
