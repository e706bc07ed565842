/** What a machine's processes may know of the process that started them: no database address, no key, no token. */
const PASSED_ON = [
  'PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'USER', 'LOGNAME', 'SHELL',
  'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR',
  'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy',
] as const;

/** A clean environment: the few names above, then `additions`. */
export function childEnvironment(
  source: Record<string, string | undefined>,
  additions: Record<string, string>,
): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => {
    const value = source[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), ...additions };
}
