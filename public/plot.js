/**
 * When the events arrived, drawn by hand: below, a stroke for each event; above, tokens a second. The first token is
 * marked, the longest gap shaded, and so is the time without a connection.
 */
import { svg } from './dom.js';
import { duration, seconds } from './format.js';

const WIDTH = 340;
const RATE_TOP = 20;
const RATE_BOTTOM = 78;
const TICKS_TOP = 86;
const TICKS_BOTTOM = 112;
/** Bins of the rate: narrower ones would draw the gaps between single tokens. */
const BINS = 68;
/** The picture's height, in rates as they are on average. */
const MOST_OF_USUAL = 4;
/** A gap shorter than this is no pause that anyone sees. */
const SEEN_GAP_MS = 150;

/** The longest time without a token once the first had come, as `{from, to}`; null before there is one. */
export function longestGap({ events, ended, elapsed }) {
  let longest = null;
  let before = null;
  const look = (at) => {
    if (before !== null && (longest === null || at - before > longest.to - longest.from)) longest = { from: before, to: at };
  };
  for (const { at, isToken } of events) {
    look(at);
    if (before !== null || isToken) before = at;
  }
  // A silence that goes on.
  if (!ended) look(elapsed);
  return longest;
}

export function drawPlot(root, run) {
  const span = niceSpan(run.elapsed);
  const x = (ms) => (ms / span) * WIDTH;
  const parts = [];
  const band = (from, to, name) => parts.push(svg('rect', {
    x: x(from).toFixed(1), y: RATE_TOP, width: Math.max(1, x(to) - x(from)).toFixed(1), height: TICKS_BOTTOM - RATE_TOP, class: name,
  }));

  const gap = longestGap(run);
  if (gap && gap.to - gap.from > SEEN_GAP_MS) band(gap.from, gap.to, 'gap');
  for (const lost of run.gaps) band(lost.from, lost.to ?? run.elapsed, 'lost');

  parts.push(svg('path', { d: `M0 ${RATE_BOTTOM}.5H${WIDTH}M0 ${TICKS_BOTTOM}.5H${WIDTH}`, class: 'axis' }));
  const rate = rates(run, span);
  if (rate.most > 0) {
    const line = rateLine(rate, Math.ceil((run.elapsed / span) * BINS));
    parts.push(svg('path', { d: `M0 ${RATE_BOTTOM}L${line}V${RATE_BOTTOM}Z`, class: 'rate' }));
    parts.push(svg('path', { d: `M${line}`, class: 'rate-line' }));
    parts.push(label(WIDTH, RATE_TOP - 8, `${Math.round(rate.most)}/s`, 'end'));
  }
  parts.push(svg('path', { d: ticks(run.events, x), class: 'ticks' }));

  if (run.firstTokenAt !== null) {
    const at = x(run.firstTokenAt);
    parts.push(svg('path', { d: `M${at.toFixed(1)} ${RATE_TOP - 4}V${TICKS_BOTTOM}`, class: 'first' }));
    parts.push(label(Math.min(at + 4, WIDTH - 90), RATE_TOP - 8, duration(run.firstTokenAt), 'start', 'first-label'));
  }
  parts.push(label(0, 128, '0', 'start'), label(WIDTH, 128, seconds(span), 'end'));
  root.replaceChildren(...parts);
}

/** The axis ends at a round time that is not passed for a while, so that the picture does not crawl. */
function niceSpan(elapsed) {
  let span = 1000;
  while (span < elapsed) span *= 1.5;
  return span;
}

function rates({ events, tokens, firstTokenAt }, span) {
  const counts = new Array(BINS).fill(0);
  const binMs = span / BINS;
  for (const event of events) {
    if (event.isToken) counts[Math.min(BINS - 1, Math.floor(event.at / binMs))] += 1;
  }
  const perSecond = counts.map((count, i) => {
    const near = [counts[i - 1] ?? 0, count, counts[i + 1] ?? 0];
    return ((near[0] + 2 * near[1] + near[2]) / 4) * (1000 / binMs);
  });
  // What a resumed stream brings at once goes beyond the picture, rather than press all else flat.
  const lastTokenAt = events.findLast((event) => event.isToken)?.at ?? 0;
  const usual = tokens / (Math.max(lastTokenAt - firstTokenAt, binMs) / 1000);
  return { perSecond, most: Math.min(Math.max(...perSecond), usual * MOST_OF_USUAL) };
}

/** The points of the rate, as far as the run has come. */
function rateLine({ perSecond, most }, bins) {
  const step = WIDTH / BINS;
  const points = perSecond.slice(0, bins).map((rate, i) => {
    const y = RATE_BOTTOM - Math.min(1, rate / most) * (RATE_BOTTOM - RATE_TOP);
    return `${((i + 0.5) * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  return points.join('L');
}

/** One stroke for each half pixel that has an event: two thousand events are not two thousand strokes. */
function ticks(events, x) {
  const seen = new Set();
  let path = '';
  for (const event of events) {
    const at = Math.round(x(event.at) * 2) / 2;
    const top = event.isToken ? TICKS_TOP : TICKS_TOP + 10;
    if (seen.has(at)) continue;
    seen.add(at);
    path += `M${at} ${top}V${TICKS_BOTTOM}`;
  }
  return path;
}

function label(x, y, text, anchor, name = '') {
  const node = svg('text', { x: x.toFixed(1), y, 'text-anchor': anchor, class: name });
  node.textContent = text;
  return node;
}
