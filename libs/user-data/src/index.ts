export { MAX_USER_DATA_BYTES, renderUserData } from './render-user-data.js';
export { DROPLET_FILES, INSTALL_UNITS } from './droplet-files.js';
export { MachinePackages, PackageSources, UserDataInput } from './user-data-input.js';
export { machinePackages } from './machine-packages.js';
export { certificatesIn } from './certificates.js';
export { checkSharedSettings, type SharedSettings } from './check-settings.js';
