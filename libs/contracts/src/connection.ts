import { z } from 'zod';

/** `connection.json` in the state folder of `npm start` (mode 0600): how to reach everything that runs. */
export const Connection = z.object({
  control_plane_url: z.url(),
  sync_adapter_url: z.url(),
  provisioner_url: z.url(),
  api_key: z.string(),
  bots: z.array(z.object({ bot_id: z.string(), gateway_url: z.string(), gateway_token: z.string() })),
  ports: z.record(z.string(), z.int()),
});
export type Connection = z.infer<typeof Connection>;
