/** What is known of an answer, built event by event. Plain data: it is kept as it is, and shown by message.js. */

import { randomId } from './api.js';

export function newAnswer(key = randomId()) {
  return {
    role: 'assistant',
    /** With it a question whose answer was lost is asked again, and finds the stream that it had begun. */
    key,
    stream: null,
    /** The last event that was applied; a resumed stream begins after it. */
    index: -1,
    state: 'waiting',
    text: '',
    reasoning: '',
    refusal: '',
    tools: [],
    finish: null,
    usage: null,
    error: null,
    model: null,
    askedAt: Date.now(),
    ttft: null,
    elapsed: null,
  };
}

export const isOpen = (answer) => answer.state === 'waiting' || answer.state === 'live';

/** An answer as it is copied: what it says, then each call. */
export const asText = ({ text, refusal, tools }) => [text || refusal, ...tools.filter(Boolean).map(callText)].filter(Boolean).join('\n\n');

function callText({ name, arguments: given }) {
  const call = `${name ?? ''}(${given})`;
  // A shorter run of backticks in the call would end its block.
  const fence = '`'.repeat([...call.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length + 1), 3));
  return `${fence}\n${call}\n${fence}`;
}

/** Applies one event: `{name, data, index}`. */
export function applyEvent(answer, { name, data, index }) {
  steps[name]?.(answer, data);
  answer.index = index;
}

const steps = {
  start: (answer, data) => {
    answer.model = data.model ?? null;
  },
  message: (answer, data) => append(answer, 'text', data.delta),
  reasoning: (answer, data) => append(answer, 'reasoning', data.delta),
  refusal: (answer, data) => append(answer, 'refusal', data.delta),
  tool_call: (answer, { index, id, name, arguments: piece }) => {
    began(answer);
    // Not its place in the list: there are models that count from 1, and nothing says that a number is small.
    let tool = answer.tools.find((each) => each?.index === index);
    if (!tool) answer.tools.push((tool = { index, arguments: '' }));
    tool.id ??= id;
    tool.name ??= name;
    tool.arguments += piece ?? '';
  },
  /** What stands in for events that are no longer kept. */
  snapshot: (answer, state) => {
    answer.text = state.text ?? '';
    answer.reasoning = state.reasoning ?? '';
    answer.refusal = state.refusal ?? '';
    answer.tools = structuredClone(state.tool_calls ?? []);
    began(answer);
  },
  done: (answer, data) => {
    answer.state = data.finish_reason === 'cancelled' ? 'cancelled' : 'done';
    answer.finish = data.finish_reason;
    answer.usage = data.usage ?? null;
    // Measured where it was written: it may have been read long after.
    answer.ttft = data.ttft_ms ?? answer.ttft;
    answer.elapsed = data.elapsed_ms;
    ended(answer);
  },
  failed: (answer, data) => fail(answer, { ...data.error, retryable: data.retryable }),
};

export function fail(answer, error) {
  answer.state = 'failed';
  answer.error = { code: error.code, message: error.message, retryable: error.retryable ?? true };
  ended(answer);
}

function append(answer, part, piece) {
  began(answer);
  answer[part] += piece;
}

function began(answer) {
  answer.state = 'live';
  answer.ttft ??= Date.now() - answer.askedAt;
}

function ended(answer) {
  answer.elapsed ??= Date.now() - answer.askedAt;
}
