import { type ChatAnswer, type ChatRequest } from './chat.js';

/** Rough, as every tokenizer: four characters a token. OpenClaw shows these as the run's usage. */
const tokens = (text: string): number => Math.ceil(text.length / 4);

export function usageOf(request: ChatRequest, answer: ChatAnswer) {
  const prompt = tokens(JSON.stringify(request.messages)) + tokens(JSON.stringify(request.tools));
  const completion = tokens(answer.kind === 'text' ? answer.text : answer.args);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

type Stamp = { id: string; created: number };

const callOf = (answer: Extract<ChatAnswer, { kind: 'tool' }>, stamp: Stamp) => ({
  id: `call_${stamp.id}`,
  type: 'function',
  function: { name: answer.tool, arguments: answer.args },
});

/** The body of an answer without streaming. */
export function completionOf(request: ChatRequest, answer: ChatAnswer, stamp: Stamp) {
  const message =
    answer.kind === 'text'
      ? { role: 'assistant', content: answer.text }
      : { role: 'assistant', content: null, tool_calls: [callOf(answer, stamp)] };
  return {
    id: `chatcmpl-${stamp.id}`,
    object: 'chat.completion',
    created: stamp.created,
    model: request.model,
    choices: [{ index: 0, message, finish_reason: answer.kind === 'text' ? 'stop' : 'tool_calls' }],
    usage: usageOf(request, answer),
  };
}

/** The `data:` objects of a streamed answer, in order; the caller ends with `[DONE]`. */
export function chunksOf(request: ChatRequest, answer: ChatAnswer, stamp: Stamp) {
  const chunk = (choices: object[], extra: object = {}) => ({
    id: `chatcmpl-${stamp.id}`,
    object: 'chat.completion.chunk',
    created: stamp.created,
    model: request.model,
    choices,
    ...extra,
  });
  const delta =
    answer.kind === 'text'
      ? { role: 'assistant', content: answer.text }
      : { role: 'assistant', tool_calls: [{ index: 0, ...callOf(answer, stamp) }] };
  return [
    chunk([{ index: 0, delta, finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason: answer.kind === 'text' ? 'stop' : 'tool_calls' }]),
    chunk([], { usage: usageOf(request, answer) }),
  ];
}
