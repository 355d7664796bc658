/** Structured answers: a schema to edit, and a form that fills while the document is written. */
import { Run, endStream } from '../run.js';
import { BASE } from '../api.js';
import { t } from '../words.js';
import { parsePosition, utf8Length } from '../stream.js';
import { failureLine, partsOf, showClocks } from './demo.js';
import { streamed } from './streamed.js';
import { DocumentForm } from './form.js';

const text = { type: 'string' };
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });
const PRESETS = {
  helloworld: { message: '科技发展新趋势', schema: object({ title: text, summary: text }) },
  article: {
    message: 'Write about rivers.',
    schema: object({ title: text, summary: text, tags: { type: 'array', items: text }, minutes: { type: 'integer' } }),
  },
  recipe: {
    message: 'A recipe for a soup.',
    schema: object({
      name: text,
      servings: { type: 'integer' },
      vegetarian: { type: 'boolean' },
      ingredients: { type: 'array', items: object({ what: text, how_much: text }) },
      steps: { type: 'array', items: text },
    }),
  },
  person: {
    message: 'Invent a person.',
    schema: object({ name: text, age: { type: 'integer' }, address: object({ street: text, city: text }) }),
  },
};

export function structured() {
  const demo = partsOf('structured');
  const schema = demo.section.querySelector('textarea[name=schema]');
  const problem = demo.section.querySelector('.problem');
  const paper = demo.section.querySelector('.document');
  const form = new DocumentForm(paper);
  const { preset, message, run: runButton, stop: stopButton } = demo.form.elements;

  const choose = () => {
    const chosen = PRESETS[preset.value];
    message.value = chosen.message;
    schema.value = JSON.stringify(chosen.schema, null, 2);
    schema.disabled = preset.value === 'helloworld';
    check();
  };

  function check() {
    try {
      const parsed = JSON.parse(schema.value);
      problem.textContent = '';
      // Not while a document is written: another would be built into the same form.
      runButton.disabled = !stopButton.disabled;
      return parsed;
    } catch (error) {
      problem.textContent = t('notSchema', { message: error.message });
      runButton.disabled = true;
      return null;
    }
  }

  const show = (state, failure = '') => {
    paper.dataset.state = state;
    if (failure) paper.append(failureLine(failure));
  };

  preset.addEventListener('change', choose);
  schema.addEventListener('input', check);
  choose();

  // In capture: for /helloworld this demo reads the status envelope with EventSource, and nothing else is begun.
  demo.form.addEventListener('submit', (event) => {
    if (preset.value !== 'helloworld') return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hello();
  }, { capture: true });
  const stream = streamed(demo, {
    kept: 'structured',
    body: () => ({ kind: 'structured', message: message.value, schema: check() }),
    onBegin() {
      form.clear();
      show('live');
    },
    onEvent({ name, data }) {
      if (name === 'field') form.apply(data);
      if (name === 'snapshot') form.show(data.document);
    },
    onEnd: show,
  });

  function hello() {
    const path = `helloworld?topic=${encodeURIComponent(message.value)}`;
    const run = new Run({ request: { path } });
    const source = new EventSource(`${BASE}/${path}`);
    const members = new Set();
    let position = null;
    const end = (state, words = '') => {
      source.close();
      stopButton.removeEventListener('click', run.stop);
      run.enter(state);
      demo.busy(false);
      showClocks(demo.clocks, run);
      show(state, words);
    };
    form.clear();
    form.apply({ path: '', value: {} });
    show('live');
    demo.busy(true);
    showClocks(demo.clocks, run);
    run.stop = () => {
      end('cancelled');
      if (position) endStream(position.stream);
    };
    stopButton.addEventListener('click', run.stop);
    source.onopen = () => run.enter('live');
    source.onmessage = ({ data, lastEventId }) => {
      position = parsePosition(lastEventId);
      const envelope = JSON.parse(data);
      const line = `data: ${data}\nid: ${lastEventId}`;
      run.record({ name: envelope.status, data, line, id: lastEventId, size: utf8Length(line) + 2 }, envelope.status === 'chunk');
      if (envelope.status === 'chunk') {
        for (const [key, piece] of Object.entries(envelope.data)) {
          const at = `/${key}`;
          form.apply(members.has(key) ? { path: at, delta: piece } : { path: at, value: piece });
          members.add(key);
        }
      } else if (envelope.status === 'end') {
        end('complete');
      } else if (envelope.status === 'error') {
        end('failed', envelope.message);
      }
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) end('failed', t('refusedUnread'));
      else run.enter('reconnecting');
    };
  }

  return stream;
}
