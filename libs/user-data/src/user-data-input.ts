import { BotId, Ed25519PublicJwk, MachineGeneration, Sha256, Uuid } from '@trawling/contracts';
import { parseToken } from '@trawling/crypto';
import { z } from 'zod';

const httpUrl = z.url({ protocol: /^https?$/ });
/** As npm writes it: one digest, in base64. */
const Sha512Integrity = z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/);
const Version = z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);

/** What is installed on the machine, each thing with the digest that it is checked against. */
export const MachinePackages = z.strictObject({
  openclaw: z.strictObject({
    version: Version,
    /** Of the package-lock.json that the sync-adapter serves under it. */
    lock_sha256: Sha256,
  }),
  node: z.strictObject({ version: Version, integrity: z.strictObject({ x64: Sha512Integrity, arm64: Sha512Integrity }) }),
  npm: z.strictObject({ version: Version, integrity: Sha512Integrity }),
});
export type MachinePackages = z.infer<typeof MachinePackages>;

/** Where machines get packages from. */
export const PackageSources = z.strictObject({
  npm_registry: httpUrl,
  /** Null: what the image's apt uses. Asked by us only for tools that the image lacks. */
  apt: z.strictObject({ primary: httpUrl, security: httpUrl }).nullable(),
});
export type PackageSources = z.infer<typeof PackageSources>;

export const UserDataInput = z.strictObject({
  bot_id: BotId,
  generation: MachineGeneration,
  installation_id: Uuid,
  sync_adapter_url: httpUrl,
  root_public_jwk: Ed25519PublicJwk,
  agent_sha256: Sha256,
  data_retrieval_url: httpUrl.nullable(),
  /** `tte_...`: the only secret in the user data, good for this machine once. */
  enrollment_token: z.string().refine((text) => parseToken(text)?.prefix === 'tte', 'expected an enrollment token'),
  packages: MachinePackages,
  sources: PackageSources,
  /** For a sync-adapter or registry whose certificate no public authority signed; PEM. */
  ca_certificate_pem: z
    .string()
    .regex(/^(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n)+$/)
    .nullable(),
});
export type UserDataInput = z.infer<typeof UserDataInput>;
