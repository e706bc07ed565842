import type { JsonObject } from '@trawling/contracts';

/**
 * What every generated OpenClaw config starts from (keys of OpenClaw 2026.9.6). Owners cannot change it but for what
 * the allow-list names (checkOpenclawExtras): a bot that runs unattended with money must not run a backlog of missed
 * jobs, loop, rewrite its own config or schedule, call its LLM when nobody asked, or phone anywhere but where we say.
 */
export const SAFE_BASE: JsonObject = {
  cron: { enabled: true, skipMissedJobs: true, triggers: { enabled: false } },
  tools: {
    // The narrowest profile (session_status and gateway, which is denied again), and reading. Without exec, write,
    // cron and gateway tools an LLM turn can change neither files, nor jobs, nor config. `allow` would not do: it
    // only narrows what the profile already gives.
    profile: 'minimal',
    alsoAllow: ['read'],
    deny: ['group:runtime', 'group:automation', 'group:nodes', 'group:ui', 'group:plugins', 'write', 'edit', 'apply_patch', 'sessions_spawn', 'skill_workshop'],
    loopDetection: { enabled: true },
    exec: { mode: 'deny' },
    elevated: { enabled: false },
    fs: { workspaceOnly: true },
    codeMode: false,
    toolSearch: false,
    swarm: false,
    agentToAgent: { enabled: false },
    web: { search: { enabled: false }, fetch: { enabled: false } },
  },
  agents: {
    defaults: {
      timeoutSeconds: 120,
      maxConcurrent: 2,
      heartbeat: { every: '0m' },
      skills: [],
      skipBootstrap: true,
      // The prompt of a turn is held to its budget between tool calls too, not only before the first.
      compaction: { memoryFlush: { enabled: false }, midTurnPrecheck: { enabled: true } },
      subagents: { maxSpawnDepth: 1, maxConcurrent: 1 },
    },
  },
  skills: { workshop: { autonomous: { mode: 'off' } }, load: { watch: false } },
  // Only what a bot needs; a configured channel brings its own plugin.
  plugins: { allow: ['openai', 'anthropic'], slots: { memory: 'none' } },
  memory: { search: { enabled: false } },
  commands: { bash: false, config: false, mcp: false, plugins: false, debug: false, restart: false },
  browser: { enabled: false },
  transcripts: { enabled: false },
  // Nobody looks at a bot through OpenClaw's web page: less to reach, and about 1.5 s of processor time less per start.
  gateway: { controlUi: { enabled: false } },
  update: { checkOnStart: false, auto: { enabled: false } },
  telemetry: { enabled: false },
  models: { catalogRefresh: { enabled: false } },
  discovery: { mdns: { mode: 'off' } },
};
