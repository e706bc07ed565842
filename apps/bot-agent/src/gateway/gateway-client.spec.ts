import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { createGatewayClient } from './gateway-client.js';

describe('the gateway client', () => {
  const open = () => {
    let asked = 0;
    const client = createGatewayClient({
      // Nobody listens there.
      url: 'ws://127.0.0.1:9', agentVersion: '0.1.0', platform: 'linux', clock: systemClock, random: () => 0,
      readToken: async () => ((asked += 1), ''),
      onEvent: () => undefined,
      onConnected: () => undefined,
    });
    return { client, asked: () => asked };
  };

  it('calls nobody before it is told to connect: who is called may not be there yet', async () => {
    const { client, asked } = open();
    expect([asked(), client.state()]).toEqual([0, 'down']);

    client.connect();
    client.connect();

    expect(asked()).toBe(1);
    await until(() => asked() > 1);
    await client.close();
  });

  it('can be closed before it was', async () => {
    const { client, asked } = open();

    await client.close();
    client.connect();

    expect(asked()).toBe(0);
  });
});
