import { z } from 'zod';

/** What we read of OpenAI's chat completion request; everything else is accepted and ignored. */
export const ChatRequest = z.looseObject({
  model: z.string().min(1),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string() })),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })).default([]),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

/** Models with a behaviour of their own; any other name answers with one short text. */
export const MODELS = {
  /** Says in one sentence that it does nothing. */
  QUIET: 'stand-in',
  /** Asks for the same tool with the same arguments for ever. */
  LOOP: 'loop-forever',
  /** Asks for a tool for ever, with other arguments each time: the case a repetition check does not see. */
  LOOP_VARIED: 'loop-forever-varied',
} as const;

export type ChatAnswer = { kind: 'text'; text: string } | { kind: 'tool'; tool: string; args: string };

const argumentsFor = (tool: string, round: number): Record<string, string> => {
  if (tool === 'exec') return { command: `echo round ${round}` };
  if (tool === 'read') return { path: `round-${round}.txt` };
  return { input: `round ${round}` };
};

/** The answer follows from the request alone: the same request always gets the same one. */
export function answerChat(request: ChatRequest): ChatAnswer {
  if (request.model !== MODELS.LOOP && request.model !== MODELS.LOOP_VARIED) {
    return { kind: 'text', text: 'The development stand-in looked at the market and does nothing.' };
  }
  const tool = request.tools.find((t) => t.function)?.function?.name ?? 'exec';
  const rounds = request.messages.filter((m) => m.role === 'tool').length;
  return { kind: 'tool', tool, args: JSON.stringify(argumentsFor(tool, request.model === MODELS.LOOP ? 0 : rounds)) };
}
