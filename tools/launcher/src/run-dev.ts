import { type BotView } from '@trawling/contracts';
import { connectionOf, keepConnectionFile } from './connection.js';
import { type ControlPlaneClient } from './control-plane-client.js';
import { DEMO_LABEL, demoBotRequest, STAND_IN_MODEL, type DemoLlm } from './demo-bot.js';
import { type Fleet } from './fleet.js';
import { describeDirectory, instancesThere, untilListed } from './directory.js';
import { panel } from './panel.js';
import { type StateDir } from './state-dir.js';
import { type Terminal } from './terminal.js';
import { type Bounds, boundsOf, Stopped } from './wait.js';
import { waitForBot } from './wait-for-bot.js';

/** Sees to it that the demo bots are there and up, writes connection.json and says what to try. Returns how to stop. */
export async function runDev(input: {
  fleet: Fleet;
  state: StateDir;
  bots: number;
  terminal: Terminal;
  bounds: Bounds;
}): Promise<() => void> {
  const { fleet, state, terminal, bounds } = input;
  const ids = await ensureDemoBots(fleet, input.bots, terminal);
  const bots = await Promise.all(ids.map((botId, index) => whenUp(input, botId, ids.length > 1 ? `bot ${index + 1}: ` : '')));
  await whenListed(input, ids);
  if (bounds.signal.aborted) throw new Stopped();
  const stop = keepConnectionFile(fleet, state);
  terminal.say(panel({ connection: connectionOf(fleet, state), bots, directory: describeDirectory(await instancesThere(fleet.controlPlane)), stateDir: state.root, llmHint: fleet.llm.hint }));
  return stop;
}

/** The demo bots of earlier starts, and new ones up to the number asked for. */
async function ensureDemoBots({ controlPlane, llm }: Fleet, wanted: number, terminal: Terminal): Promise<string[]> {
  const { bots } = await controlPlane.listBots({ label: DEMO_LABEL, limit: '200' });
  const known = await Promise.all(bots.map(({ id }) => controlPlane.getBot(id)));
  const staying = known.filter((bot) => bot.decommission_requested_at === null);
  if (staying.length > 0) terminal.say(`Bots: ${staying.length} of an earlier start`);
  for (const bot of staying) await useRealLlm(controlPlane, bot, llm);
  const ids = staying.map(({ id }) => id);
  while (ids.length < wanted) {
    const { bot_id } = await controlPlane.createBot(demoBotRequest({ number: ids.length + 1, llm }));
    terminal.say(`Bots: created demo bot ${bot_id} (paper trading, local machine)`);
    ids.push(bot_id);
  }
  return ids;
}

/** Moves a bot from the stand-in to the real provider once there is a key; any other choice was its owner's. */
async function useRealLlm(controlPlane: ControlPlaneClient, bot: BotView, llm: DemoLlm): Promise<void> {
  if (bot.settings.llm.model !== STAND_IN_MODEL || llm.settings.model === STAND_IN_MODEL) return;
  await controlPlane.putSecret(bot.id, 'llm_api_key', llm.key);
  await controlPlane.patchBot(bot.id, { llm: { base_url: null, ...llm.settings } });
}

/** A bot that does not come up is shown as it is: everything else runs, and its state says why. */
async function whenUp({ fleet, terminal, bounds }: { fleet: Fleet; terminal: Terminal; bounds: Bounds }, botId: string, label: string): Promise<BotView> {
  const deps = { controlPlane: fleet.controlPlane, terminal, label };
  try {
    const condition = (bot: BotView): boolean => bot.online && bot.sync_status === 'synced';
    return await waitForBot(deps, bounds, { botId, what: `bot ${botId} to run its config`, condition });
  } catch (error) {
    if (error instanceof Stopped) throw error;
    terminal.say(`${label}${error instanceof Error ? error.message : String(error)}`);
    return fleet.controlPlane.getBot(botId);
  }
}

/** Seconds: who publishes every ten and is not there by then has another trouble, which the panel shows. */
const LISTED_WITHIN_SECONDS = 30;

/** Like a bot that does not come up: an instance that is missing in the directory keeps nothing else from running. */
async function whenListed({ fleet, terminal, bounds }: { fleet: Fleet; terminal: Terminal; bounds: Bounds }, botIds: readonly string[]): Promise<void> {
  try {
    await untilListed({ controlPlane: fleet.controlPlane, terminal }, boundsOf(LISTED_WITHIN_SECONDS, bounds.signal), botIds);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    terminal.say(error instanceof Error ? error.message : String(error));
  }
}
