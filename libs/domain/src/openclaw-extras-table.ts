/**
 * Which OpenClaw settings (2026.9.6) an owner may add to a bot. Every key of an object in here is classified: a spec
 * holds it to OpenClaw's own schema, so that a key of a later release fails until somebody decides about it.
 */
export type ExtrasNode = {
  /** May be set to anything; OpenClaw checks the value. */
  allow: readonly string[];
  /** Known and refused. */
  deny: readonly string[];
  /** Objects that are decided key by key; they cannot be replaced as a whole. */
  below: Readonly<Record<string, ExtrasNode>>;
  /** What an unknown key gets: `deny`, or `warn` where the worst it can do is that OpenClaw refuses the config. */
  unknown: 'deny' | 'warn';
};

/** An allowed object: unknown keys are the bot's OpenClaw's to judge. */
const open = (allow: readonly string[], rest: Partial<Omit<ExtrasNode, 'allow' | 'unknown'>> = {}): ExtrasNode =>
  ({ deny: [], below: {}, ...rest, allow, unknown: 'warn' });
/** An object of which only the named parts may be touched. */
const closed = (below: Readonly<Record<string, ExtrasNode>>, deny: readonly string[], allow: readonly string[] = []): ExtrasNode =>
  ({ allow, deny, below, unknown: 'deny' });

const RESET = open(['mode', 'atHour', 'idleMinutes']);
const THREAD_BINDINGS = open(['enabled', 'idleHours', 'maxAgeHours'], { deny: ['spawnSessions', 'defaultSpawnContext'] });
const CHUNK = open(['minChars', 'maxChars', 'breakPreference']);
const COALESCE = open(['minChars', 'maxChars', 'idleMs']);

const AGENT_DEFAULTS = open(
  [
    'thinkingDefault', 'fastModeDefault', 'verboseDefault', 'toolProgressDetail', 'reasoningDefault', 'timeoutSeconds',
    'blockStreamingDefault', 'blockStreamingBreak', 'typingIntervalSeconds', 'typingMode', 'contextInjection',
    'bootstrapMaxChars', 'bootstrapTotalMaxChars', 'mediaMaxMb', 'imageMaxDimensionPx', 'imageQuality', 'pdfMaxMb', 'pdfMaxPages',
  ],
  {
    deny: [
      // Set from the bot's own settings.
      'model', 'models', 'modelPolicy', 'userTimezone', 'workspace',
      // Other models and providers, with other costs.
      'params', 'modelSelectionScope', 'utilityModel', 'decisionModel', 'imageModel', 'mediaModels', 'voiceModel', 'pdfModel',
      // Where the agent works, what it may do, what it starts by itself.
      'cwd', 'repoRoot', 'skills', 'skipBootstrap', 'skipOptionalBootstrapFiles', 'experimental', 'embeddedAgent', 'elevatedDefault',
      'systemAgent', 'authInheritance', 'sessionStore', 'maxConcurrent', 'subagents', 'heartbeat', 'sandbox',
    ],
    below: {
      silentReply: open(['group', 'internal']),
      startupContext: open(['enabled', 'applyOn', 'dailyMemoryDays', 'maxFileBytes', 'maxFileChars', 'maxTotalChars']),
      contextPruning: open(['mode', 'ttl'], { deny: ['tools'], below: { hardClear: open(['enabled', 'placeholder']) } }),
      compaction: open(
        ['enabled', 'mode', 'thinkingLevel', 'keepRecentTokens', 'identifierPolicy', 'recentTurnsPreserve', 'timeoutSeconds', 'maxActiveTranscriptBytes', 'notifyUser'],
        {
          deny: ['provider', 'model', 'memoryFlush', 'midTurnPrecheck', 'postIndexSync', 'postCompactionSections'],
          below: { qualityGuard: open(['enabled', 'maxRetries']) },
        },
      ),
      contextLimits: open(['memoryGetMaxChars', 'postCompactionMaxChars']),
      blockStreamingChunk: CHUNK,
      blockStreamingCoalesce: COALESCE,
      humanDelay: open(['mode', 'minMs', 'maxMs']),
    },
  },
);

/** How a channel behaves; its token, its network and what it may trigger stay ours. */
const CHANNEL = {
  allow: [
    'name', 'dmPolicy', 'allowFrom', 'defaultTo', 'groupPolicy', 'contextVisibility', 'historyLimit', 'dmHistoryLimit', 'textChunkLimit',
    'responsePrefix', 'mediaMaxMb', 'replyToMode', 'joinIntro', 'ackReaction',
  ],
  deny: ['enabled', 'capabilities', 'configWrites', 'commands', 'execApprovals', 'actions', 'proxy', 'accounts', 'defaultAccount', 'dms'],
  below: {
    markdown: open(['tables']),
    mentionPatterns: open(['mode', 'allowIn', 'denyIn']),
    streaming: open(['mode', 'chunkMode'], {
      below: {
        preview: open(['toolProgress', 'commandText'], { below: { chunk: CHUNK } }),
        progress: open(['label', 'labels', 'maxLines', 'maxLineChars', 'toolProgress', 'commandText', 'commentary', 'narration']),
        block: open(['enabled'], { below: { coalesce: COALESCE } }),
      },
    }),
    heartbeatVisibility: open(['showOk', 'showAlerts', 'useIndicator']),
    healthMonitor: open(['enabled']),
    threadBindings: THREAD_BINDINGS,
  },
} as const;

const TELEGRAM = open(
  [...CHANNEL.allow, 'groupAllowFrom', 'richMessages', 'reactionNotifications', 'reactionLevel', 'linkPreview', 'silentErrorReplies', 'errorPolicy', 'autoTopicLabel'],
  {
    deny: [
      ...CHANNEL.deny, 'botToken', 'tokenFile', 'customCommands', 'groups', 'direct', 'network', 'webhookUrl', 'webhookSecret', 'webhookPath',
      'webhookHost', 'webhookPort', 'webhookCertPath', 'apiRoot', 'trustedLocalFileRoots',
    ],
    below: CHANNEL.below,
  },
);

const DISCORD = open(
  [...CHANNEL.allow, 'allowBots', 'mentionAliases', 'suppressEmbeds', 'maxLinesPerMessage', 'ackReactionScope', 'activity', 'status', 'activityType', 'activityUrl'],
  {
    deny: [
      ...CHANNEL.deny, 'token', 'applicationId', 'activities', 'dangerouslyAllowNameMatching', 'guilds', 'agentComponents', 'intents', 'voice',
      'pluralkit', 'inboundWorker',
    ],
    below: {
      ...CHANNEL.below,
      botLoopProtection: open(['enabled', 'maxEventsPerWindow', 'windowSeconds', 'cooldownSeconds']),
      thread: open(['inheritParent']),
      dm: open(['enabled', 'groupEnabled', 'groupChannels']),
      slashCommand: open(['ephemeral']),
      autoPresence: open(['enabled', 'intervalMs', 'minUpdateIntervalMs']),
    },
  },
);

/** Channels we hold no token for, and channel-wide switches. */
const OTHER_CHANNELS = [
  'defaults', 'modelByChannel', 'a2a', 'buzz', 'clickclack', 'feishu', 'googlechat', 'imessage', 'irc', 'line', 'matrix', 'mattermost', 'msteams',
  'nextcloud-talk', 'nostr', 'qa-channel', 'raft', 'reef', 'signal', 'slack', 'sms', 'synology-chat', 'tlon', 'twitch', 'whatsapp', 'zalo', 'zalouser',
] as const;

export const OPENCLAW_EXTRAS: ExtrasNode = closed(
  {
    agents: closed({ defaults: AGENT_DEFAULTS }, ['ownership', 'entries']),
    messages: open(['visibleReplies', 'responsePrefix', 'responseUsage', 'ackReaction', 'ackReactionScope'], {
      // May name a file.
      deny: ['usageTemplate'],
      below: {
        groupChat: open(['mentionPatterns', 'historyLimit', 'unmentionedInbound', 'visibleReplies']),
        queue: open(['mode', 'byChannel', 'debounceMsByChannel', 'cap', 'drop']),
        inbound: open(['debounceMs', 'byChannel']),
        statusReactions: open(['enabled']),
      },
    }),
    session: open(['scope', 'dmScope', 'groupScope', 'notifyOnCreate', 'identityLinks', 'resetTriggers', 'resetByChannel', 'mainKey'], {
      deny: ['store', 'sharing', 'sendPolicy'],
      below: {
        reset: RESET,
        resetByType: open([], { below: { direct: RESET, group: RESET, thread: RESET } }),
        threadBindings: THREAD_BINDINGS,
        maintenance: open(
          ['mode', 'pruneAfter', 'archiveDashboardAfter', 'maxEntries', 'preserveRecent', 'resetArchiveRetention', 'maxDiskBytes', 'highWaterBytes'],
          { below: { coldStorage: open(['enabled', 'afterDays']) } },
        ),
      },
    }),
    // Redaction patterns replace OpenClaw's own; a file is a path of the machine.
    logging: open(['level', 'consoleLevel', 'consoleStyle', 'maxFileBytes'], { deny: ['file', 'redactPatterns', 'audit'] }),
    commands: open(['native', 'nativeSkills', 'text'], {
      deny: ['bash', 'bashForegroundMs', 'config', 'mcp', 'plugins', 'debug', 'restart', 'ownerAllowFrom', 'allowFrom'],
    }),
    cron: closed({}, ['enabled', 'skipMissedJobs', 'triggers', 'webhookToken', 'webhookSsrfPolicy', 'failureAlert'], ['sessionRetention']),
    channels: closed({ telegram: TELEGRAM, discord: DISCORD }, OTHER_CHANNELS),
    attachments: open(['ttlHours']),
  },
  [
    '$schema', 'meta', 'env', 'wizard', 'diagnostics', 'update', 'telemetry', 'browser', 'ui', 'secrets', 'auth', 'accessGroups', 'acp', 'models',
    'nodeHost', 'worktreeRoot', 'worktreeAcceleration', 'tools', 'security', 'bindings', 'broadcast', 'tts', 'approvals', 'transcripts', 'hooks',
    'discovery', 'talk', 'gateway', 'cloudWorkers', 'desktop', 'memory', 'mcp', 'skills', 'plugins', 'surfaces', 'proxy',
  ],
);
