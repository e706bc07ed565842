import { readJson, InstallationIdFile, type StateDir } from './state-dir.js';

/** In the environment of every service of a state folder. */
export const stateMarker = (state: StateDir): string => `TRAWLING_STATE=${state.root}`;

/** Whether an environment entry says that the process belongs to this state folder: a service, or part of a machine. */
export function belongsTo(state: StateDir): (entry: string) => boolean {
  const installationId = readJson(state.installationId, InstallationIdFile)?.installation_id;
  return (entry) =>
    entry === stateMarker(state) || (installationId !== undefined && entry.startsWith(`TRAWLING_MACHINE=${installationId}/`));
}
