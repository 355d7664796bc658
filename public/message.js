/** A question and an answer as they are shown. */
import { byId, clone, element, isComposing } from './dom.js';
import { duration, seconds } from './format.js';
import { MarkdownView } from './markdown-view.js';
import { asText, isOpen } from './answer.js';
import { t } from './words.js';

export function questionView(message) {
  const node = clone('t-question');
  node.querySelector('.bubble').textContent = message.content;
  return node;
}

export class AnswerView {
  node = clone('t-answer');
  #text = new MarkdownView(this.#part('.prose'));
  #thought = new MarkdownView(this.#part('.thought'));
  #shownTools = 0;
  #finished = false;

  #part(selector) {
    return this.node.querySelector(selector);
  }

  /** Shows the answer as it is now; the parts that did not change cost nothing. */
  update(answer) {
    const open = isOpen(answer);
    this.node.dataset.state = answer.state;
    this.node.setAttribute('aria-busy', String(open));
    this.#part('.waiting').hidden = answer.state !== 'waiting';
    this.#text.update(answer.text);
    this.#showReasoning(answer);
    this.#part('.refusal').hidden = answer.refusal === '';
    this.#part('.refusal p').textContent = answer.refusal;
    this.#showTools(answer.tools);
    if (!open && !this.#finished) this.#finish(answer);
  }

  #showReasoning(answer) {
    const details = this.#part('.reasoning');
    details.hidden = answer.reasoning === '';
    this.#thought.update(answer.reasoning);
    // It is what there is to see while the model thinks; once it answers, the answer is.
    details.dataset.live = String(answer.text === '' && isOpen(answer));
  }

  #showTools(tools) {
    const box = this.#part('.tools');
    box.hidden = tools.length === 0;
    for (; this.#shownTools < tools.length; this.#shownTools += 1) box.append(clone('t-tool'));
    tools.forEach((tool, i) => {
      if (!tool) return;
      box.children[i].querySelector('.tool-name').textContent = tool.name ?? '';
      box.children[i].querySelector('pre code').textContent = tool.arguments;
    });
  }

  #finish(answer) {
    this.#finished = true;
    this.#text.finish();
    this.#thought.finish();
    const cutoff = cutoffText(answer);
    this.#part('.cutoff').hidden = cutoff === '';
    this.#part('.cutoff').textContent = cutoff;
    this.#part('[data-act=copy]').hidden = asText(answer) === '';
    this.#part('.failure').hidden = answer.state !== 'failed';
    if (answer.error) {
      this.#part('.failure strong').textContent = t('failedTitle');
      this.#part('.failure p').textContent = failureText(answer.error);
    }
    this.#part('.stats').textContent = stats(answer);
  }
}

function cutoffText({ finish }) {
  const cutoff = { length: 'cutLength', content_filter: 'cutFilter', cancelled: 'cutCancelled' }[finish];
  return cutoff ? t(cutoff) : '';
}

/** Why an answer is not whole, in words; empty where it is. */
export function partialText(answer) {
  if (isOpen(answer)) return t('answerBegins');
  return answer.error ? failureText(answer.error) : cutoffText(answer);
}

/** What failed, in words; the code stays beside them, for those who look it up. */
export function failureText({ code, message }) {
  const ours = { unreachable: 'unreachable', lost: 'lost', stream_not_found: 'expired', not_found: 'expired' }[code];
  return ours ? t(ours) : `${message} (${code})`;
}

function stats(answer) {
  const parts = [];
  if (answer.model) parts.push(answer.model);
  if (answer.ttft !== null) parts.push(t('firstTokenIn', { time: duration(answer.ttft) }));
  if (answer.elapsed !== null) parts.push(seconds(answer.elapsed));
  const tokens = answer.usage?.output_tokens;
  if (tokens) parts.push(`${tokens} tokens`);
  return parts.join(' · ');
}

/** The last question, to be changed and asked again. */
export function editor(text, { onAsk, onCancel }) {
  const form = clone('t-editor');
  const area = form.querySelector('textarea');
  area.value = text;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (area.value.trim() !== '') onAsk(area.value);
  });
  form.addEventListener('keydown', (event) => {
    if (isComposing(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && event.target === area) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      onCancel();
    }
  });
  form.querySelector('button[type=button]').addEventListener('click', onCancel);
  return form;
}

/** Three things to ask, for an empty conversation. */
export function showIdeas(onPick) {
  byId('ideas').replaceChildren(...['idea1', 'idea2', 'idea3'].map((key) => {
    const button = element('button', 'idea', t(key));
    button.type = 'button';
    button.addEventListener('click', () => onPick(t(key)));
    return button;
  }));
}
