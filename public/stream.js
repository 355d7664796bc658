/**
 * Reads a stream of Server-Sent Events with fetch, and goes on where it was when the connection is lost.
 *
 * This file needs no other: copy it. What it holds to, and what goes wrong otherwise:
 *
 * - An event is handed over once. Each carries `<stream>.<index>`; an index that was seen is dropped, and the position
 *   moves only after the event was handed over, so a replay neither repeats nor loses a word.
 * - It closes at the terminal event. EventSource would open the stream again, for ever.
 * - A response that ends before the terminal event was cut, however cleanly it ended.
 * - A failed status is read and told in the server's words; EventSource hides it.
 *
 *     const reader = readStream({
 *       url: '/streams', init: { method: 'POST', body: JSON.stringify({ kind: 'chat', message: 'hi' }) },
 *       onEvent: ({ name, data }) => { if (name === 'message') show(JSON.parse(data).delta); },
 *       onState: (state, detail) => console.log(state, detail),
 *     });
 *     reader.cut();    // as if the network broke: it reconnects
 *     reader.close();  // stops reading; the generation goes on
 */

const TERMINAL = new Set(['done', 'failed']);
/** Three heartbeats: a connection that is silent for longer is dead, though TCP may not know for minutes. */
const SILENCE_MS = 45_000;
const LONGEST_WAIT_MS = 15_000;
/** What is waited without an event, in all: long enough for a server to be started again. Sleep does not count. */
const GIVE_UP_MS = 5 * 60_000;

/** Splits text into events as the WHATWG HTML Standard, section 9.2.6, says: at any cut, with any line end. */
export class EventParser {
  #onEvent;
  #onRetry;
  /** The pieces of a line whose end has not come: joined once, so that a long line is not copied for each piece. */
  #pending = [];
  #afterCr = false;
  #first = true;
  #block = { name: '', data: [], id: null, size: 0 };
  #lastId = '';

  constructor(onEvent, onRetry = () => {}) {
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
  }

  /** Takes the next piece of the body, cut anywhere. */
  push(text) {
    if (this.#first && text !== '') {
      this.#first = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    if (this.#afterCr && text !== '') {
      this.#afterCr = false;
      if (text[0] === '\n') text = text.slice(1);
    }
    let start = 0;
    for (;;) {
      const end = lineEnd(text, start);
      if (end < 0) break;
      this.#pending.push(text.slice(start, end));
      this.#line(this.#pending.join(''));
      this.#pending = [];
      start = end + 1;
      if (text[end] === '\r') {
        if (start === text.length) this.#afterCr = true;
        else if (text[start] === '\n') start += 1;
      }
    }
    if (start < text.length) this.#pending.push(text.slice(start));
  }

  #line(line) {
    const block = this.#block;
    if (line === '') {
      this.#dispatch();
      return;
    }
    block.size += utf8Length(line) + 1;
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value[0] === ' ') value = value.slice(1);
    if (field === 'data') block.data.push(value);
    else if (field === 'event') block.name = value;
    else if (field === 'id' && !value.includes('\0')) block.id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#onRetry(Number(value));
  }

  #dispatch() {
    const { name, data, id, size } = this.#block;
    this.#block = { name: '', data: [], id: null, size: 0 };
    if (id !== null) this.#lastId = id;
    if (data.length === 0) return;
    this.#onEvent({ name: name || 'message', data: data.join('\n'), id: this.#lastId, size: size + 1 });
  }
}

function lineEnd(text, from) {
  const lf = text.indexOf('\n', from);
  const before = lf < 0 ? text : text.slice(from, lf);
  const cr = lf < 0 ? text.indexOf('\r', from) : before.indexOf('\r');
  if (cr < 0) return lf;
  return lf < 0 ? cr : from + cr;
}

/** How many bytes a text takes on the wire. */
export function utf8Length(text) {
  let length = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes: two for each half.
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}

/** `<stream>.<index>` as its two parts. */
export function parsePosition(id) {
  const dot = id.lastIndexOf('.');
  const index = dot < 1 ? NaN : Number(id.slice(dot + 1));
  return Number.isInteger(index) ? { stream: id.slice(0, dot), index } : null;
}

/**
 * Reads a stream to its end.
 *
 * @param url,init the request that begins the stream; leave both out to follow one that exists
 * @param stream,after the stream to follow and the last index that was seen of it, -1 for none
 * @param base where `/streams/{id}` lies, for the reconnects
 * @param onEvent is given `{name, data, id, index, size}` for each event, in order, once
 * @param onState is told `connecting`, `live`, `reconnecting` (with `{attempt, waitMs}`), and one end: `ended` (with the
 *   terminal event), `refused` (with `{status, code, message, retryable}`) or `closed`
 */
export function readStream({
  url,
  init = {},
  stream = null,
  after = -1,
  base = '',
  onEvent,
  onState = () => {},
  fetch: doFetch = globalThis.fetch.bind(globalThis),
  silenceMs = SILENCE_MS,
  giveUpMs = GIVE_UP_MS,
}) {
  let position = after;
  let retryMs = 1000;
  let attempt = 0;
  let waited = 0;
  let terminal = null;
  let closed = false;
  let connection = null;
  let wake = null;
  let silence = 0;

  const tell = (state, detail) => {
    if (!closed || state === 'closed') onState(state, detail);
  };

  function request() {
    if (stream === null) return [url, init];
    const headers = { Accept: 'text/event-stream' };
    if (position >= 0) headers['Last-Event-ID'] = `${stream}.${position}`;
    return [`${base}/streams/${stream}`, { headers, cache: 'no-store' }];
  }

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(() => connection?.abort(), silenceMs);
  }

  function take(event) {
    const at = parsePosition(event.id);
    if (terminal !== null || at === null || closed) return;
    if (stream === null) stream = at.stream;
    if (at.stream !== stream) return;
    // The end of a stream that lost its node may stand where this reader has an event that was lost with it.
    if (at.index <= position && !TERMINAL.has(event.name)) return;
    if (at.index > position + 1 && event.name !== 'snapshot') {
      // Indices are gap-free: something between us ate an event. The log still has it.
      connection?.abort();
      return;
    }
    onEvent({ ...event, index: at.index });
    position = at.index;
    attempt = 0;
    waited = 0;
    if (TERMINAL.has(event.name)) terminal = event;
  }

  async function readBody(response) {
    const parser = new EventParser(take, (ms) => (retryMs = ms));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      listen();
      const { value, done } = await reader.read();
      if (done) return;
      parser.push(value);
      if (terminal !== null || closed) {
        reader.cancel().catch(() => {});
        return;
      }
    }
  }

  /** One connection. Answers how it ended: at the terminal event, refused for good, or cut. */
  async function connect() {
    connection = new AbortController();
    try {
      const [to, how] = request();
      listen();
      const response = await doFetch(to, { ...how, signal: connection.signal });
      const id = response.headers.get('Stream-Id');
      if (response.ok && id) stream ??= id;
      if (response.status === 204) return 'ended';
      if (!response.ok) {
        const refusal = await readRefusal(response);
        if (stream !== null && response.status >= 500) return 'cut';
        tell('refused', refusal);
        return 'refused';
      }
      tell('live', { stream });
      await readBody(response);
    } catch (error) {
      if (stream === null && !closed) {
        // Nobody was told an id: asked again, it would be generated, and paid for, twice.
        tell('refused', { status: 0, code: 'unreachable', message: String(error.message ?? error), retryable: true });
        return 'refused';
      }
    } finally {
      clearTimeout(silence);
    }
    return terminal === null ? 'cut' : 'ended';
  }

  /** Waits before the next attempt; being online again ends the wait. */
  function pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run() {
    globalThis.addEventListener?.('online', online);
    tell('connecting', { stream });
    for (;;) {
      const end = await connect();
      if (closed || end === 'refused') break;
      if (end === 'ended') {
        tell('ended', terminal);
        break;
      }
      if (waited > giveUpMs) {
        tell('refused', { status: 0, code: 'unreachable', message: 'The server cannot be reached.', retryable: true });
        break;
      }
      // Drawn at random, so that a thousand pages that lost one server do not come back in one instant.
      const waitMs = Math.min(retryMs * 2 ** attempt, LONGEST_WAIT_MS) * (0.75 + Math.random() / 4);
      attempt += 1;
      waited += waitMs;
      tell('reconnecting', { attempt, waitMs });
      await pause(waitMs);
      if (closed) break;
    }
    globalThis.removeEventListener?.('online', online);
  }

  const online = () => wake?.();
  const finished = run();

  return {
    get stream() {
      return stream;
    },
    get position() {
      return position;
    },
    /** Settles once nothing more will be told. */
    finished,
    /** Breaks the connection, as a lost network would. */
    cut: () => connection?.abort(),
    /** Reads no further. The generation goes on: `DELETE /streams/{id}` ends that. */
    close() {
      if (closed || terminal !== null) return;
      closed = true;
      connection?.abort();
      wake?.();
      tell('closed', null);
    },
  };
}

async function readRefusal(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // Not ours: a proxy's page. The status must do.
  }
  return {
    status: response.status,
    code: error.code ?? `http_${response.status}`,
    message: error.message ?? `The server answered ${response.status}.`,
    retryable: response.status === 429 || response.status >= 500,
    retryAfter: response.headers.get('Retry-After'),
  };
}
