import { applied } from './applied.js';
import { delta } from './delta.js';
import { fleet } from './fleet.js';
import { heartbeat } from './heartbeat.js';
import { type Item } from './item.js';
import { metrics } from './metrics.js';
import { poll304 } from './poll-304.js';
import { provision } from './provision.js';
import { publish } from './publish.js';
import { told } from './told.js';

/** In the order of the issue that asked for them. */
export const items: readonly Item[] = [poll304, heartbeat, metrics, fleet, told, applied, delta, provision, publish];
