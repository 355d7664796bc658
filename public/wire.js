/** The wire panel: the current run's events as they come, its figures, its plot, and its request for curl. */
import { byId, copy, eachFrame, element } from './dom.js';
import { bytes, duration, seconds } from './format.js';
import { curlLine } from './curl.js';
import { local } from './storage.js';
import { drawPlot, longestGap } from './plot.js';
import { t } from './words.js';
import { currentRun, watchRuns } from './run.js';

const OPEN = 'rivulet.wire';
const ROW_PX = 24;
/** Rows above and below what is seen, so that scrolling meets no blank. */
const SPARE_ROWS = 12;
/** The plot costs more than a row; ten times a second is what the eye follows. */
const PLOT_MS = 100;

const panel = byId('wire');
const toggle = byId('wire-toggle');
const list = byId('events');
const rows = list.querySelector('ol');
const data = byId('event-data');
const figures = byId('figures');
let shown = -1;
let drawnAt = 0;
let chosen = null;
let drawn = '';
/** Whether the list follows what comes in: until someone scrolls up. */
let following = true;

const draw = eachFrame(() => {
  const run = currentRun();
  if (panel.hidden || !run) return;
  showFigures(run);
  showRows(run);
  if (run.ended || performance.now() - drawnAt > PLOT_MS) {
    drawnAt = performance.now();
    drawPlot(byId('plot'), run);
  }
  if (!run.ended) setTimeout(draw, PLOT_MS);
});

function begun(run) {
  shown = -1;
  chosen = null;
  drawn = '';
  following = true;
  panel.dataset.run = 'some';
  data.hidden = true;
  byId('curl').firstElementChild.textContent = curlLine(run.request);
}

function showFigures(run) {
  const gap = longestGap(run);
  const streaming = run.tokens === 0 ? 0 : (run.events.at(-1).at - run.firstTokenAt) / 1000;
  const values = {
    ttft: run.firstTokenAt === null ? '–' : duration(run.firstTokenAt),
    elapsed: seconds(run.elapsed),
    rate: streaming > 0.05 ? (run.tokens / streaming).toFixed(run.tokens / streaming < 10 ? 1 : 0) : '–',
    gap: gap ? duration(gap.to - gap.from) : '–',
    events: String(run.events.length),
    bytes: bytes(run.bytes),
  };
  for (const node of figures.querySelectorAll('[data-figure]')) node.textContent = values[node.dataset.figure];
  if (run.ended) byId('plot').setAttribute('aria-label', `${t('plot')}: ${t('plotSays', values)}`);
}

/** Only the rows that can be seen are in the document: an answer may have a hundred thousand events. */
function showRows(run) {
  const count = run.events.length;
  byId('events-none').hidden = count > 0;
  if (shown !== count) {
    rows.style.height = `${count * ROW_PX}px`;
    shown = count;
  }
  if (following) list.scrollTop = count * ROW_PX;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_PX) - SPARE_ROWS);
  const last = Math.min(count, Math.ceil((list.scrollTop + list.clientHeight) / ROW_PX) + SPARE_ROWS);
  const now = `${first} ${last} ${chosen}`;
  if (now === drawn) return;
  drawn = now;
  rows.replaceChildren(...run.events.slice(first, last).map((event, i) => row(event, first + i)));
}

function row(event, n) {
  const item = element('li');
  item.style.transform = `translateY(${n * ROW_PX}px)`;
  item.dataset.n = n;
  item.dataset.name = event.name;
  if (n === chosen) item.dataset.chosen = '';
  item.append(
    element('span', 'num', `#${event.index ?? n}`),
    element('span', 'num', seconds(event.at)),
    element('span', 'num', String(event.size)),
    element('code', '', event.data.length > 200 ? `${event.data.slice(0, 200)}…` : event.data),
  );
  // An unnamed event is a `message` to EventSource; most are, and their text is what one looks for.
  if (event.name !== 'message') item.lastChild.prepend(element('b', 'name', event.name), ' ');
  return item;
}

/** The whole event, as it stood on the wire. */
function choose(n) {
  const event = currentRun()?.events[n];
  if (!event) return;
  chosen = n;
  following = false;
  data.hidden = false;
  const name = event.name === 'message' ? '' : `event: ${event.name}\n`;
  data.textContent = event.line ?? `${name}data: ${event.data.replaceAll('\n', '\ndata: ')}\nid: ${event.id}`;
  draw();
}

list.addEventListener('scroll', () => {
  following = list.scrollHeight - list.scrollTop - list.clientHeight < ROW_PX * 2;
  draw();
}, { passive: true });
list.addEventListener('click', (event) => {
  const item = event.target.closest('li');
  if (item) choose(Number(item.dataset.n));
});
list.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const count = currentRun()?.events.length ?? 0;
  if (!step || count === 0) return;
  event.preventDefault();
  choose(Math.min(count - 1, Math.max(0, (chosen ?? -step) + step)));
  const top = chosen * ROW_PX;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW_PX - list.clientHeight;
});
byId('curl-copy').addEventListener('click', (event) => copy(curlLine(currentRun().request, true), event.currentTarget));

function openWire(open) {
  panel.hidden = !open;
  document.body.dataset.wire = open ? 'open' : 'closed';
  toggle.setAttribute('aria-expanded', String(open));
  following = true;
  draw();
}

export const wireOpen = () => !panel.hidden;

toggle.addEventListener('click', () => {
  openWire(panel.hidden);
  local.setItem(OPEN, panel.hidden ? 'closed' : 'open');
});
byId('wire-close').addEventListener('click', () => {
  openWire(false);
  local.setItem(OPEN, 'closed');
  toggle.focus();
});
// A panel over the page would hide the page on a small screen: there it opens only when asked.
const wide = matchMedia('(min-width: 1100px)').matches;
openWire(wide && local.getItem(OPEN) !== 'closed');

watchRuns((run, what) => {
  if (what === 'begun') begun(run);
  draw();
});
