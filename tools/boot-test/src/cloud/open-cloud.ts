import { type OnStop } from '@trawling/runtime';
import { type World } from '../world/open-world.js';
import { type Cloud } from './cloud.js';

export async function openCloud(_onStop: OnStop, _input: { checkout: string; folder: string; world: World }): Promise<Cloud> {
  throw new Error('not yet');
}
