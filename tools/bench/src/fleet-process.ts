// A part of the simulated fleet in a process of its own, told over IPC: one reply to each command.
import { startFleet, type Fleet } from '@trawling/fleet-simulator';
import { readFileSync } from 'node:fs';
import { FleetCommand, type FleetReport } from './fleet/fleet-command.js';
import { BenchFleet } from './seed/bench-fleet.js';

let fleet: Fleet | null = null;

async function obey(command: FleetCommand): Promise<FleetReport | null> {
  if (command.do === 'start') {
    const { root_public_jwk: rootPublicJwk, bots } = BenchFleet.parse(JSON.parse(readFileSync(command.fleetFile, 'utf8')));
    const { share } = command;
    fleet = startFleet({ ...command, rootPublicJwk, bots: bots.filter((_, index) => index % share.of === share.index) });
  }
  if (command.do === 'reset') fleet?.reset();
  const report = command.do === 'report' && fleet ? { tally: fleet.tally(), hinted: fleet.hinted() } : null;
  if (command.do === 'stop') await fleet?.stop();
  return report;
}

process.on('message', (message) => {
  obey(FleetCommand.parse(message)).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
