import { randomUUID } from 'node:crypto';
import { type CreateResult, type FoundMachine, type MachineDriver, type MachineKey, type MachineOrder, type Preflight } from '../machines/machine-driver.js';
import { UnrecognisedMachine } from '../machines/unrecognised-machine.js';

type CreateCall = { key: MachineKey; order: MachineOrder };
/** What the next create does instead of making a machine and saying so. */
export type CreateScript = (call: CreateCall, make: () => FoundMachine) => CreateResult | Promise<CreateResult>;

/** A cloud of one's own: machines are entries in a list; every fault is asked for by the test. */
export function createScriptedDriver(options: { settleMs?: number; createTimeoutMs?: number } = {}) {
  const machines: FoundMachine[] = [];
  const creates: CreateCall[] = [];
  const destroyed: string[] = [];
  const scripts: CreateScript[] = [];
  let preflight: Preflight = { state: 'ready' };
  const unrecognised = new Map<string, UnrecognisedMachine>();
  const forgotten: string[] = [];
  let isHidden: (machine: FoundMachine) => boolean = () => false;
  let failDestroy = 0;
  const make = (key: MachineKey): FoundMachine => {
    const machine: FoundMachine = { ...key, providerId: randomUUID(), state: 'running', createdAt: new Date() };
    machines.push(machine);
    return machine;
  };
  const visible = (): FoundMachine[] => machines.filter((machine) => !isHidden(machine) && !unrecognised.has(machine.providerId));
  const throwIfUnrecognised = (providerId: string): null => {
    const error = unrecognised.get(providerId);
    if (error && machines.some((machine) => machine.providerId === providerId)) throw error;
    return null;
  };
  const driver: MachineDriver = {
    kind: 'local',
    createTimeoutMs: options.createTimeoutMs ?? 1_000,
    destroyTimeoutMs: 1_000,
    settleMs: options.settleMs ?? 0,
    preflight: async () => preflight,
    find: async (botId) => visible().filter((machine) => machine.botId === botId),
    get: async (providerId) => throwIfUnrecognised(providerId) ?? visible().find((machine) => machine.providerId === providerId) ?? null,
    list: async () => visible(),
    async create(key, order) {
      creates.push({ key, order });
      const script = scripts.shift();
      if (script) return script({ key, order }, () => make(key));
      return { outcome: 'accepted', providerId: make(key).providerId };
    },
    async start(providerId) {
      const machine = machines.find((one) => one.providerId === providerId);
      if (machine) machine.state = 'running';
    },
    async stop(providerId) {
      const machine = machines.find((one) => one.providerId === providerId);
      if (machine) machine.state = 'off';
    },
    async destroy(providerId) {
      throwIfUnrecognised(providerId);
      if (failDestroy > 0) {
        failDestroy -= 1;
        throw new Error('the provider is away');
      }
      const index = machines.findIndex((one) => one.providerId === providerId);
      if (index >= 0) machines.splice(index, 1);
      destroyed.push(providerId);
    },
    forget: async (botId) => void forgotten.push(botId),
  };
  return {
    driver, machines, creates, destroyed, forgotten, make,
    nextCreate: (script: CreateScript) => void scripts.push(script),
    setPreflight: (next: Preflight) => void (preflight = next),
    hide: (rule: (machine: FoundMachine) => boolean) => void (isHidden = rule),
    /** Somebody changed what its provider shows of it. */
    estrange: (machine: FoundMachine) => void unrecognised.set(machine.providerId, new UnrecognisedMachine(`Machine ${machine.providerId} is not to be recognised`, machine)),
    failDestroys: (times: number) => void (failDestroy = times),
  };
}

export type ScriptedDriver = ReturnType<typeof createScriptedDriver>;
