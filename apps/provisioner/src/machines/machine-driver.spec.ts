import { buildSupervisor } from '../testing/build-supervisor.js';
import { behavesLikeAMachineDriver } from '../testing/driver-contract.js';
import { openDropletBed, startDigitalOcean } from '../testing/droplet-bed.js';
import { openLocalDriverBed } from '../testing/local-driver-bed.js';

describe('machines as processes', () => {
  let supervisor: Awaited<ReturnType<typeof buildSupervisor>>;

  beforeAll(async () => {
    supervisor = await buildSupervisor();
  });
  afterAll(() => supervisor.remove());

  behavesLikeAMachineDriver(() => openLocalDriverBed(supervisor.file));
});

describe('machines as droplets, at a DigitalOcean that keeps to its description', () => {
  let cloud: Awaited<ReturnType<typeof startDigitalOcean>>;

  beforeAll(async () => {
    cloud = await startDigitalOcean();
  }, 60_000);
  afterAll(async () => {
    await cloud.stop();
  });

  behavesLikeAMachineDriver(() => openDropletBed(cloud));

  it('does all of it without a request or an answer that the description does not know', () => {
    expect(cloud.prism.violations()).toEqual([]);
  });
});
