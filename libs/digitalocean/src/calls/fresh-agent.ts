import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

type Connected = (error: Error | null, socket?: Socket) => void;

/** The request was stopped before its first byte. */
export class TooLate extends Error {}

/**
 * One connection for one request that must not be sent twice: an old connection may be closing at the other end, which
 * looks like an answer that got lost. The request is let out when the connection stands and `mayGo` agrees, so a
 * process that was stopped while connecting sends nothing afterwards. `onRelease` is called just before.
 */
export function createFreshAgent(protocol: string, { mayGo, onRelease }: { mayGo: () => boolean; onRelease: () => void }): HttpAgent | HttpsAgent {
  const whenConnected = (socket: Socket, event: 'connect' | 'secureConnect', done: Connected): void => {
    socket.once('error', done);
    socket.once(event, () => {
      socket.off('error', done);
      if (!mayGo()) {
        socket.destroy();
        return done(new TooLate('it would have been sent too late'));
      }
      onRelease();
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
