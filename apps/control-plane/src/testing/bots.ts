import { BotView, ChangeAccepted } from '@trawling/contracts';
import type { Api } from './open-test-control-plane.js';

/** A new paper bot of the caller's owner; its id. */
export async function makeBot(api: Api, body: { owner_id?: string; settings?: object; secrets?: object; labels?: object } = {}): Promise<string> {
  const { settings, ...rest } = body;
  const created = await api.post('/bots').send({ ...rest, settings: { name: 'Bot', ...settings } });
  if (created.status !== 201) throw new Error(`POST /bots: ${created.status} ${created.text}`);
  return ChangeAccepted.parse(created.body).bot_id;
}

export async function view(api: Api, botId: string): Promise<BotView> {
  const seen = await api.get(`/bots/${botId}`);
  if (seen.status !== 200) throw new Error(`GET /bots/${botId}: ${seen.status} ${seen.text}`);
  return BotView.parse(seen.body);
}
