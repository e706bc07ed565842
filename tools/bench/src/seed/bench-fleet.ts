import { FleetFile, SimulatedIdentity } from '@trawling/fleet-simulator';
import { Sha256 } from '@trawling/contracts';
import { z } from 'zod';

/** The fleet simulator's file, with what the load generators need to be answered 304. */
export const BenchFleet = FleetFile.extend({ bots: z.array(SimulatedIdentity.extend({ hash: Sha256 })).min(1) });
export type BenchFleet = z.infer<typeof BenchFleet>;
