import { type Logger } from '@trawling/runtime';

/** Until both are there, each bot waits with a reason of its own; whoever starts the provisioner reads it here. */
export async function warnUnpublished(store: { whatIsPublished(): Promise<{ agent: boolean; openclaw: boolean }> }, logger: Logger): Promise<void> {
  const { agent, openclaw } = await store.whatIsPublished();
  if (!agent) logger.warn('No agent is published, so no machine can be made: run "admin publish-agent"');
  if (!openclaw) logger.warn('No lock of OpenClaw is published, so no machine can be made: run "admin publish-openclaw"');
}
