import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type HttpAnswer, type HttpCall, type NoAnswer, send, type Transport } from './send.js';

type Connected = (error: Error | null, socket?: Socket) => void;

/** The request was stopped before its first byte. */
class TooLate extends Error {}

/** What lets a request out, and who is told just before. */
export type Release = { mayGo: () => boolean; onRelease?: () => void };

/**
 * Sends one request on a connection of its own: an old connection may be closing at the other end, which looks like an
 * answer that got lost. The request is let out when the connection stands and `mayGo` agrees, so a process that was
 * stopped while connecting sends nothing afterwards.
 */
export async function sendFresh(call: HttpCall, transport: Omit<Transport, 'agent'>, release: Release): Promise<HttpAnswer | NoAnswer> {
  const agent = createFreshAgent(new URL(transport.baseUrl).protocol, release);
  const answer = await send(call, { ...transport, agent });
  agent.destroy();
  return answer;
}

function createFreshAgent(protocol: string, { mayGo, onRelease }: Release): HttpAgent | HttpsAgent {
  const whenConnected = (socket: Socket, event: 'connect' | 'secureConnect', done: Connected): void => {
    socket.once('error', done);
    socket.once(event, () => {
      socket.off('error', done);
      if (!mayGo()) {
        socket.destroy();
        return done(new TooLate('it would have been sent too late'));
      }
      onRelease?.();
      done(null, socket);
    });
  };
  const agent = protocol === 'https:' ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
  // Node waits for the callback when nothing is returned (http.Agent, "createConnection").
  Object.assign(agent, {
    createConnection(options: NetConnectOpts & ConnectionOptions, done: Connected): undefined {
      if (protocol === 'https:') whenConnected(connectTls(options), 'secureConnect', done);
      else whenConnected(connectTcp(options), 'connect', done);
    },
  });
  return agent;
}
