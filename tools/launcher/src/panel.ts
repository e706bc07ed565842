import { type BotView, type Connection } from '@trawling/contracts';

/** What a person sees when everything runs: where things are and what to try next. */
export function panel(input: { connection: Connection; bots: BotView[]; directory: string; stateDir: string; llmHint: string }): string {
  const { connection, bots } = input;
  const statusAt = (port: string): string => `http://127.0.0.1:${connection.ports[port] ?? 0}/status`;
  const [bot] = bots;
  const curl = `curl -s -H "Authorization: Bearer $KEY"`;
  const url = '$BOT';
  const json = `-H 'Content-Type: application/json'`;
  const gatewayOf = (id: string): string => connection.bots.find((b) => b.bot_id === id)?.gateway_url ?? 'not up yet';
  return [
    '',
    'Trawling Traders runs.',
    '',
    `  control-plane  ${connection.control_plane_url}   (API description: /openapi.json)`,
    `  sync-adapter   ${connection.sync_adapter_url}`,
    `  provisioner    ${connection.provisioner_url}/healthz`,
    `  API key        ${connection.api_key}`,
    `  LLM            ${bot ? `${bot.settings.llm.provider}, ${bot.settings.llm.model}` : '-'}${input.llmHint && ` (${input.llmHint})`}`,
    `  status         ${statusAt('control_plane_internal')}   ${statusAt('sync_adapter_internal')}   ${statusAt('provisioner')}   (beside each: /readyz, /metrics)`,
    `  ${input.directory}`,
    `  state and logs ${input.stateDir}`,
    ...bots.map((b) => `  ${b.name.padEnd(14)} ${b.id}   ${b.sync_message} (version ${b.applied_version ?? '-'})   OpenClaw: ${gatewayOf(b.id)}`),
    '',
    'Try next, in another terminal:',
    '',
    `  KEY=${connection.api_key}`,
    `  BOT=${connection.control_plane_url}/bots/${bot?.id ?? ''}`,
    '',
    '  # how the bot is doing',
    `  ${curl} ${url}`,
    '  # make it stricter; two seconds later the real OpenClaw runs the new schedule',
    `  ${curl} ${json} -X PATCH -d '{"strictness":"high"}' ${url}`,
    '  # what its jobs did',
    `  ${curl} "${url}/events?type=cron_result"`,
    '  # who can run a trend strategy now, and has room',
    `  ${curl} "${connection.control_plane_url}/openclaw/instances?capability=strategy.trend&min_free_capacity=1"`,
    '  # back to the first version',
    `  ${curl} ${json} -X POST -d '{"version":1}' ${url}/rollback`,
    '',
    'Ctrl-C stops everything; the next npm start goes on with the same bots.',
    '',
  ].join('\n');
}
