import { DomainError, type KeySetResponse } from '@trawling/contracts';

export interface ReadKeySetDeps {
  findKeySet: () => Promise<string | null>;
}

/** The signing keys agents may trust; the root key they pinned signed it. Throws unavailable before `admin init`. */
export async function readKeySet(deps: ReadKeySetDeps): Promise<KeySetResponse> {
  const keySet = await deps.findKeySet();
  if (keySet === null) throw new DomainError('unavailable', 'The installation is not initialised yet.');
  return { key_set: keySet };
}
