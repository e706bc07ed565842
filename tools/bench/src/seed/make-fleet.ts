import { type BotConfigPayload, BotSettings, type BotSettingsInput, type SigningKeySet } from '@trawling/contracts';
import { generateEd25519, generateX25519, hashToken, jwkThumbprint, makeToken, signConfig, signKeySet } from '@trawling/crypto';
import { canonicalJson, generateBotConfig, sha256Of } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';

export const AGENT_FILE = Buffer.from('// the agent of simulated machines\n');
const RUNTIME = { openclaw_version: '2026.9.6', agent_sha256: sha256Of(AGENT_FILE) };

export type Snapshot = { payload: BotConfigPayload; text: string; jws: string };
export type SeededBot = {
  id: string;
  settings: BotSettings;
  credentialId: string;
  credential: string;
  credentialHash: string;
  identityJwk: object;
  sealingJwk: object;
  first: Snapshot;
};

/** An installation's own keys, as `admin init` makes them. */
export async function makeKeys() {
  const root = generateEd25519();
  const signing = generateEd25519();
  const kid = jwkThumbprint(signing.publicJwk);
  const keySet: SigningKeySet = { version: 1, issued_at: new Date().toISOString(), keys: [{ kid, jwk: signing.publicJwk }] };
  return {
    rootPublicJwk: root.publicJwk,
    tokenSealingJwk: generateX25519().publicJwk,
    keySetJws: await signKeySet({ keySet, rootPrivateJwk: root.privateJwk }),
    /** What the control plane does with every new version. */
    async snapshot(input: { botId: string; settings: BotSettings; version: number }): Promise<Snapshot> {
      const payload = generateBotConfig({
        settings: input.settings,
        context: {
          botId: input.botId, version: input.version, issuedAt: new Date(),
          paused: false, holdTrading: false, secrets: [], runtime: RUNTIME,
        },
      });
      const { bot_id, version, hash, issued_at } = payload;
      const jws = await signConfig({ payload: { bot_id, version, hash, issued_at }, kid, privateJwk: signing.privateJwk });
      return { payload, text: canonicalJson(payload), jws };
    },
    kid,
  };
}
export type FleetKeys = Awaited<ReturnType<typeof makeKeys>>;

const personas = ['beginner', 'tweaker', 'quant-lite'] as const;
const strictnesses = ['low', 'medium', 'high'] as const;

/** A bot of its own: settings, keys, credential, and a signed first config. */
export async function makeBot(keys: FleetKeys, index: number, change: Partial<BotSettingsInput> = {}): Promise<SeededBot> {
  const id = uuid7();
  const settings = BotSettings.parse({
    name: `Bot ${index}`,
    persona: personas[index % personas.length],
    strictness: strictnesses[index % strictnesses.length],
    ...change,
  });
  const credentialId = uuid7();
  const credential = makeToken('ttb', credentialId, randomBytes);
  return {
    id,
    settings,
    credentialId,
    credential,
    credentialHash: hashToken(credential),
    identityJwk: generateEd25519().publicJwk,
    sealingJwk: generateX25519().publicJwk,
    first: await keys.snapshot({ botId: id, settings, version: 1 }),
  };
}
