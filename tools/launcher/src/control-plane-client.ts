import axios, { type AxiosRequestConfig } from 'axios';
import {
  BotList, BotView, ChangeAccepted, DecommissionAccepted, EventList, InstanceDetail, InstanceList, Problem, SecretAccepted, VersionView, type CreateBotRequest,
} from '@trawling/contracts';
import { type z } from 'zod';

/** The control plane refused: its problem document says why. */
export class ControlPlaneProblem extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail ?? problem.title}${(problem.issues ?? []).map((i) => ` [${i.path}: ${i.message}]`).join('')}`);
  }
}

export type ControlPlaneClient = ReturnType<typeof createControlPlaneClient>;

/** What an app backend does: the control plane's API with a bearer key, as the walk and the tests use it. */
export function createControlPlaneClient(input: { url: string; apiKey: string; timeoutMs?: number }) {
  const http = axios.create({
    baseURL: input.url,
    timeout: input.timeoutMs ?? 15_000,
    headers: { authorization: `Bearer ${input.apiKey}` },
    proxy: false,
    validateStatus: () => true,
  });
  async function call<S extends z.ZodType>(schema: S, request: AxiosRequestConfig): Promise<z.output<S>> {
    const { status, data } = await http.request<unknown>(request);
    if (status < 400) return schema.parse(data);
    const problem = Problem.safeParse(data);
    if (problem.success) throw new ControlPlaneProblem(problem.data);
    throw new Error(`${request.method ?? 'GET'} ${request.url ?? ''} was answered with ${status} and no problem document`);
  }
  const at = (botId: string, path = ''): string => `/bots/${botId}${path}`;

  return {
    createBot: (body: z.input<typeof CreateBotRequest>) =>
      call(ChangeAccepted, { method: 'POST', url: '/bots', data: body }),
    listBots: (params: Record<string, string> = {}) => call(BotList, { url: '/bots', params }),
    getBot: (botId: string) => call(BotView, { url: at(botId) }),
    patchBot: (botId: string, patch: object) => call(ChangeAccepted, { method: 'PATCH', url: at(botId), data: patch }),
    rollback: (botId: string, version: number) =>
      call(ChangeAccepted, { method: 'POST', url: at(botId, '/rollback'), data: { version } }),
    events: (botId: string, params: Record<string, string> = {}) => call(EventList, { url: at(botId, '/events'), params }),
    putSecret: (botId: string, name: string, value: string) =>
      call(SecretAccepted, { method: 'PUT', url: at(botId, `/secrets/${name}`), data: { value } }),
    getVersion: (botId: string, version: number) => call(VersionView, { url: at(botId, `/versions/${version}`) }),
    /** Who is there, what they can do and how they are. */
    instances: (params: Record<string, string> = {}) => call(InstanceList, { url: '/openclaw/instances', params }),
    instance: (instanceId: string) => call(InstanceDetail, { url: `/openclaw/instances/${instanceId}` }),
    decommission: (botId: string) => call(DecommissionAccepted, { method: 'DELETE', url: at(botId) }),
  };
}
