/**
 * An answer's Markdown as it streams, at a cost that grows with the answer and not with its square: a block that another
 * one follows is finished and never looked at again; only the last one is rendered anew, and into the nodes that are
 * there, so that a selection stays. A code fence that is still open just grows; a long list is finished item by item.
 */
import { fragmentOf, lex } from './markdown.js';
import { highlightIn } from './code.js';
import { patch } from './patch.js';

/** A list longer than this has its first items finished. */
const LIST_ITEMS = 24;
/** A rendering is followed by a pause this many times as long: the page stays free for the reader. */
const PAUSE = 5;
const OPEN_FENCE = /^ {0,3}(`{3,}|~{3,})[^\n]*\n/;
/** A line that may become `[name]: address`. */
const MAYBE_ADDRESS = /^ {0,3}\[[^\n]*$/;

export class MarkdownView {
  #root;
  #source = '';
  #stable = 0;
  #links = {};
  #live = [];
  #fence = null;
  #taken = 0;
  #afterCr = false;
  #nextAt = 0;
  #timer = 0;

  constructor(root) {
    this.#root = root;
  }

  /** Takes what the answer is now: it only ever grows, and only what is new is looked at. */
  update(text) {
    if (text.length <= this.#taken) return;
    let piece = text.slice(this.#taken);
    this.#taken = text.length;
    if (this.#afterCr && piece[0] === '\n') piece = piece.slice(1);
    this.#afterCr = piece.endsWith('\r');
    this.#source += piece.replace(/\r\n?/g, '\n');
    this.#renderSoon();
  }

  /** Renders what is there, and takes all of it for finished. */
  finish() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#fence = null;
    this.#render(true);
  }

  #renderSoon() {
    const wait = this.#nextAt - performance.now();
    if (wait <= 0) {
      this.#render(false);
    } else if (!this.#timer) {
      this.#timer = setTimeout(() => {
        this.#timer = 0;
        this.#render(false);
      }, wait);
    }
  }

  #render(last) {
    const begin = performance.now();
    if (!(this.#fence && this.#growFence())) this.#renderTail(last);
    this.#nextAt = performance.now() + (performance.now() - begin) * PAUSE;
  }

  #renderTail(last) {
    const tail = this.#source.slice(this.#stable);
    const tokens = this.#lex(tail);
    const finished = last ? tokens.length : finishedCount(tokens, tail);
    for (const { type, tag, href, title } of tokens.slice(0, finished)) if (type === 'def') this.#links[tag] ??= { href, title };
    const nodes = fragmentOf(tokens.slice(0, finished));
    highlightIn(nodes);
    const mark = this.#live[0] ?? null;
    this.#root.insertBefore(nodes, mark);
    this.#stable += rawLength(tokens, finished);
    const open = tokens.slice(finished);
    this.#patchLive(fragmentOf(open));
    this.#fence = last ? null : openFence(open.at(-1), this.#live.at(-1));
  }

  #lex(tail) {
    return splitLongList(lex(tail, this.#links));
  }

  #patchLive(fragment) {
    const fresh = [...fragment.childNodes];
    fresh.forEach((node, i) => {
      const old = this.#live[i];
      if (!old) this.#root.append(node);
      else if (patch(old, node)) fresh[i] = old;
      else old.replaceWith(node);
    });
    for (const old of this.#live.slice(fresh.length)) old.remove();
    this.#live = fresh;
  }

  /** Adds what has come to the open code block. False once a line closes it, so that it is rendered as a whole. */
  #growFence() {
    const fence = this.#fence;
    const from = this.#stable + fence.seen;
    const lineEnd = this.#source.lastIndexOf('\n');
    const whole = this.#source.slice(from, Math.max(from, lineEnd + 1));
    if (fence.close.test(whole) || fence.close.test(this.#source.slice(from))) {
      this.#fence = null;
      return false;
    }
    fence.text.replaceData(fence.shown, fence.text.length, this.#source.slice(from));
    fence.seen += whole.length;
    fence.shown += whole.length;
    return true;
  }
}

/**
 * How many tokens are finished: those before the last one that is seen. An address is not: it may still be cut in its
 * middle, and what names it, or the next one, may stand right before it.
 */
function finishedCount(tokens, tail) {
  let last = tokens.length - 1;
  while (last >= 0 && (['space', 'def'].includes(tokens[last].type) || MAYBE_ADDRESS.test(tokens[last].raw))) last -= 1;
  // Where the pieces do not add up to the whole, nobody knows where a block ends.
  return rawLength(tokens, tokens.length) === tail.length ? Math.max(0, last) : 0;
}

function rawLength(tokens, count) {
  let length = 0;
  for (let i = 0; i < count; i += 1) length += tokens[i].raw.length;
  return length;
}

/** A long list at the end becomes two: its first items, finished, and the rest, which goes on counting. */
function splitLongList(tokens) {
  const list = tokens.at(-1);
  if (list?.type !== 'list' || list.items.length <= LIST_ITEMS) return tokens;
  const head = list.items.slice(0, -2);
  const raw = head.map((item) => item.raw).join('');
  if (!list.raw.startsWith(raw)) return tokens;
  const rest = { ...list, items: list.items.slice(-2), raw: list.raw.slice(raw.length) };
  if (list.ordered) rest.start = list.start + head.length;
  return [...tokens.slice(0, -1), { ...list, items: head, raw }, rest];
}

/** The open fence that a code token is, with the text node that grows; null if it is none. */
function openFence(token, node) {
  const open = token?.type === 'code' ? OPEN_FENCE.exec(token.raw) : null;
  const code = node?.querySelector?.('code');
  if (!open || !code || /^ {1,3}/.test(token.raw)) return null;
  const close = new RegExp(`^ {0,3}${open[1][0]}{${open[1].length},}[ \\t]*$`, 'm');
  const body = token.raw.slice(open[0].length);
  if (close.test(body)) return null;
  const lines = body.slice(0, body.lastIndexOf('\n') + 1);
  code.replaceChildren(body);
  return { close, text: code.firstChild ?? code.appendChild(document.createTextNode('')), seen: open[0].length + lines.length, shown: lines.length };
}
