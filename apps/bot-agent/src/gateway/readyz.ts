import axios from 'axios';
import { z } from 'zod';

const Readyz = z.object({ ready: z.boolean(), failing: z.array(z.unknown()).default([]) });

/**
 * Whether `GET /readyz` of the gateway says ready. Looks at the body: OpenClaw answers 200 text/html to addresses
 * it does not know. False when nobody listens.
 */
export async function isGatewayReady(baseUrl: string, timeoutMs = 5_000): Promise<boolean> {
  try {
    const { data } = await axios.get<unknown>(`${baseUrl}/readyz`, {
      // Not `timeout`: that begins anew with every byte.
      signal: AbortSignal.timeout(timeoutMs),
      maxRedirects: 0,
      proxy: false,
      maxContentLength: 100_000,
      validateStatus: () => true,
    });
    const body = Readyz.safeParse(data);
    return body.success && body.data.ready;
  } catch {
    return false;
  }
}
