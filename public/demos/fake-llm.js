/** A text as if a model said it. */
import { failureLine, partsOf } from './demo.js';
import { streamed } from './streamed.js';

export function fakeLlm() {
  const demo = partsOf('fake-llm');
  const answer = demo.part('answer');
  return streamed(demo, {
    kept: 'fake-llm',
    body: () => ({ kind: 'fake-llm', ...pick(demo.fields()) }),
    onBegin() {
      answer.textContent = '';
      answer.dataset.state = 'live';
    },
    onEvent({ name, data }) {
      if (name === 'message') answer.append(data.delta);
      if (name === 'snapshot') answer.textContent = data.text;
    },
    onEnd(state, failure) {
      answer.dataset.state = state;
      if (failure) answer.append(failureLine(failure));
    },
  });
}

const pick = ({ text, delay }) => ({ text, delay });
