import { STATUS_PATH } from '@trawling/contracts';

/**
 * Where statuses go, from OPENCLAW_BASE_URL (which may have a path of its own). https, or http to this very machine: the
 * API key never crosses a network in the clear. Throws an Error that says what is wrong, without repeating the URL.
 */
export function statusUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw new Error('expected an https URL');
  if (url.username !== '' || url.password !== '') throw new Error('expected a URL without user and password: the key belongs into OPENCLAW_API_KEY');
  if (url.search !== '' || url.hash !== '') throw new Error('expected a URL without ? and #');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw new Error('expected https: plain http is for this machine only (127.0.0.0/8, ::1, localhost)');
  url.pathname = url.pathname.replace(/\/+$/, '') + STATUS_PATH;
  return url;
}

/** By name alone, as the URL parser writes it: `127.1` and `0x7f.0.0.1` are `127.0.0.1` by then. */
const isLoopback = (hostname: string): boolean => hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
