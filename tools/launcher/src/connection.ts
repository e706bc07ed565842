import { rmSync } from 'node:fs';
import { type Connection } from '@trawling/contracts';
import { type Fleet } from './fleet.js';
import { localGateways } from './local-machine.js';
import { writePrivately, type StateDir } from './state-dir.js';

export function connectionOf(fleet: Fleet, state: StateDir): Connection {
  return {
    ...fleet.urls,
    api_key: fleet.apiKey,
    bots: localGateways(state.machines).map(({ botId, url, token }) => ({ bot_id: botId, gateway_url: url, gateway_token: token })),
    ports: fleet.ports,
  };
}

/** Writes connection.json now and whenever a bot comes or goes. Returns how to stop that; the file is then removed. */
export function keepConnectionFile(fleet: Fleet, state: StateDir): () => void {
  let written = '';
  const write = (): void => {
    const text = `${JSON.stringify(connectionOf(fleet, state), null, 2)}\n`;
    if (text === written) return;
    writePrivately(state.connection, text);
    written = text;
  };
  write();
  const timer = setInterval(write, 1_000);
  return () => {
    clearInterval(timer);
    rmSync(state.connection, { force: true });
  };
}
