import { openLocalBed } from './local-bed.js';
import { type DriverBed } from './driver-contract.js';

/** Machines as processes on this computer. */
export async function openLocalDriverBed(supervisorFile: string): Promise<DriverBed> {
  const bed = await openLocalBed({ supervisorFile, portBase: 22_600 });
  return {
    driver: bed.driver,
    installationId: bed.installationId,
    openDriver: async (installationId) => bed.openDriver(installationId),
    order: () => bed.order(),
    turnOff: (providerId) => bed.driver.stop(providerId),
    close: () => bed.close(),
  };
}
