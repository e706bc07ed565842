import { buildSupervisor } from '../testing/build-supervisor.js';
import { behavesLikeAMachineDriver } from '../testing/driver-contract.js';
import { openLocalDriverBed } from '../testing/local-driver-bed.js';

describe('machines as processes', () => {
  let supervisor: Awaited<ReturnType<typeof buildSupervisor>>;

  beforeAll(async () => {
    supervisor = await buildSupervisor();
  });
  afterAll(() => supervisor.remove());

  behavesLikeAMachineDriver(() => openLocalDriverBed(supervisor.file));
});
