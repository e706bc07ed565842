/** What this DigitalOcean sells and what the team has: enough to order from and to be refused. */

export const REGIONS = [
  { slug: 'fra1', name: 'Frankfurt 1', available: true },
  { slug: 'nyc3', name: 'New York 3', available: true },
  { slug: 'nyc2', name: 'New York 2', available: false },
] as const;

export const SIZES = [
  { slug: 's-1vcpu-512mb-10gb', memory: 512, vcpus: 1, disk: 10, price_monthly: 4 },
  { slug: 's-1vcpu-1gb', memory: 1024, vcpus: 1, disk: 25, price_monthly: 6 },
  { slug: 's-1vcpu-2gb', memory: 2048, vcpus: 1, disk: 50, price_monthly: 12 },
  { slug: 's-2vcpu-4gb', memory: 4096, vcpus: 2, disk: 80, price_monthly: 24 },
] as const;

/** One public image, one snapshot of the team, one that is being made. */
export const IMAGES = [
  { id: 72_067_660, slug: 'debian-12-x64', name: '12 x64', status: 'available', public: true, regions: ['fra1', 'nyc3'] },
  { id: 155_133_621, slug: 'ubuntu-24-04-x64', name: '24.04 (LTS) x64', status: 'available', public: true, regions: ['fra1', 'nyc3'] },
  { id: 201_500_777, slug: null, name: 'trawling-bot', status: 'available', public: false, regions: ['fra1'] },
  { id: 201_500_778, slug: null, name: 'trawling-bot-next', status: 'pending', public: false, regions: ['fra1'] },
] as const;

export const SSH_KEYS = [
  { id: 289_794, fingerprint: '3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45', name: 'operator', public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample operator' },
] as const;

export const VPCS = [
  { id: '5a4981aa-9653-4bd1-bef5-d6bff52042e4', name: 'default-fra1', region: 'fra1', default: true, ip_range: '10.135.0.0/16', description: '' },
  { id: 'e0fe0f4d-596a-465e-a902-571ce57b79fa', name: 'default-nyc3', region: 'nyc3', default: true, ip_range: '10.108.0.0/20', description: '' },
  { id: '0d3db13e-a604-4944-9827-7ec2642d32ac', name: 'bots', region: 'fra1', default: false, ip_range: '10.20.0.0/20', description: '' },
] as const;

export const findImage = (ref: string | number) => IMAGES.find((image) => image.slug === ref || String(image.id) === String(ref));
