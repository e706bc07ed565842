import { type Clock, type Logger } from '@trawling/runtime';
import { type GatewayApi } from '../gateway/gateway-api.js';
import { type GatewayClient } from '../gateway/gateway-client.js';
import { type Host } from '../host.js';
import { type GatewayControl } from '../machine/gateway-control.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { type OpenclawCli } from './openclaw-cli.js';

/** What changing and looking at OpenClaw on this machine takes. */
export interface ApplyDeps {
  host: Host;
  paths: MachinePaths;
  gateway: Pick<GatewayClient, 'whenConnected' | 'bootId' | 'state'>;
  api: GatewayApi;
  control: Pick<GatewayControl, 'restart' | 'state'>;
  cli: OpenclawCli;
  /** GET /readyz says ready. */
  isReady(): Promise<boolean>;
  clock: Clock;
  logger: Logger;
}
