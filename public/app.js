import { readStream } from './stream.js';

const page = Object.fromEntries([...document.querySelectorAll('[id]')].map((node) => [node.id, node]));
/** Kept for as long as the tab: a reload goes on where it was. */
const KEPT = 'rivulet.live';

let reader = null;
let live = null;
let ticking = 0;

const bodies = {
  chat: (text) => ({ message: text || 'Hello, who are you?' }),
  'fake-llm': (text) => (text ? { text } : {}),
  countdown: (text) => (/^\d+$/.test(text) ? { from: Number(text) } : {}),
  structured: (text) => ({ message: text || 'Write about streams.', fields: ['title', 'summary'] }),
};

page.ask.addEventListener('submit', (event) => {
  event.preventDefault();
  reader?.close();
  const kind = page.kind.value;
  begin({ text: '', stream: null, after: -1, startedAt: Date.now(), firstAt: null }, {
    url: 'streams?format=json',
    init: { method: 'POST', body: JSON.stringify({ kind, ...bodies[kind](page.text.value) }) },
  });
});
page.stop.addEventListener('click', () => reader?.stream && fetch(`streams/${reader.stream}`, { method: 'DELETE' }));
page.cut.addEventListener('click', () => reader?.cut());

function begin(state, how) {
  live = state;
  page.answer.textContent = live.text;
  clearInterval(ticking);
  ticking = setInterval(showClocks, 50);
  reader = readStream({ ...how, base: '.', onEvent, onState });
}

function onEvent({ name, data, index }) {
  const event = JSON.parse(data);
  const piece = name === 'message' || name === 'refusal' ? event.delta
    : name === 'field' ? `${'value' in event ? `\n${event.path}: ` : ''}${event.delta ?? JSON.stringify(event.value)}`
    : name === 'failed' ? `\n[${event.error.code}] ${event.error.message}` : '';
  if (piece) live.firstAt ??= Date.now();
  live.text += piece;
  page.answer.append(piece);
  live = { ...live, stream: reader.stream, after: index };
  sessionStorage.setItem(KEPT, JSON.stringify(live));
}

function onState(state, detail) {
  const ended = ['ended', 'refused', 'closed'].includes(state);
  const word = state === 'ended' ? (detail?.name ?? 'done') : state;
  page.state.dataset.state = word;
  page.state.textContent = state === 'refused' ? `${detail.code}: ${detail.message}` : word;
  page.stop.disabled = page.cut.disabled = ended;
  if (ended) {
    clearInterval(ticking);
    showClocks();
    sessionStorage.removeItem(KEPT);
  }
}

function showClocks() {
  page.elapsed.textContent = `${((Date.now() - live.startedAt) / 1000).toFixed(2)} s`;
  page.ttft.textContent = live.firstAt ? `${live.firstAt - live.startedAt} ms` : '–';
}

const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
if (kept?.stream) begin(kept, { stream: kept.stream, after: kept.after });
