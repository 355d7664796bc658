// The tests of /stream.js, run inside the browser: `parse`, `readStream` and `check` are given; answers what went wrong.
const { EventParser, readStream, parsePosition } = await import('/assets/stream.js');

const failures = [];
const equal = (name, actual, expected) => {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) failures.push(`${name}: ${a} is not ${e}`);
};

/* ---- EventParser: the stream of the WHATWG standard's examples, and ours ---- */

function parse(pieces) {
  const events = [];
  const retries = [];
  const parser = new EventParser(({ name, data, id }) => events.push([name, data, id]), (ms) => retries.push(ms));
  for (const piece of pieces) parser.push(piece);
  return { events, retries };
}

const WIRE = '\uFEFFevent: start\nretry: 1500\ndata: {"a":1}\nid: s.0\n\n: hb\n\ndata: x\rdata:  y\r\ndata\r\n\r\n'
  + 'id\ndata:z\n\nevent: none\n\nfoo: bar\ndata: 📦\nid: a\0b\n\ndata: not ended';
const EXPECTED = [['start', '{"a":1}', 's.0'], ['message', 'x\n y\n', 's.0'], ['message', 'z', ''], ['message', '📦', '']];

equal('whole', parse([WIRE]), { events: EXPECTED, retries: [1500] });
for (let i = 1; i < WIRE.length; i += 1) {
  equal(`cut at ${i}`, parse([WIRE.slice(0, i), WIRE.slice(i)]).events, EXPECTED);
}
equal('one by one', parse([...WIRE]).events, EXPECTED);
const sizes = [];
new EventParser(({ size }) => sizes.push(size)).push('data: é📦\n\n');
equal('size in bytes', sizes, [new TextEncoder().encode('data: é📦\n\n').length]);
const began = performance.now();
parse(Array.from({ length: 20_000 }, (_, i) => (i === 0 ? 'data: ' : 'x'.repeat(50))).concat('\n\n'));
equal('a long line in many pieces is read in time', performance.now() - began < 10_000, true);
equal('position', [parsePosition('a.b.3'), parsePosition('x'), parsePosition('.1'), parsePosition('a.')?.index ?? null],
  [{ stream: 'a.b', index: 3 }, null, null, 0]);

/* ---- readStream: on a fetch that plays what it is told ---- */

const block = (n, data, name) => `${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\nid: s.${n}\n\n`;
const RETRY = 'retry: 1\n';
const DONE = block(3, { finish_reason: 'stop' }, 'done');

/** Each connection is a list of pieces; `CUT` breaks it, `HANG` keeps it open. */
const CUT = Symbol('cut');
const HANG = Symbol('hang');
/** In place of a connection: not even its head comes. */
const NEVER = Symbol('never');

function server(connections) {
  const requests = [];
  const fetch = async (url, { headers = {}, signal, method = 'GET' } = {}) => {
    requests.push(`${method} ${url} ${headers['Last-Event-ID'] ?? '-'}`);
    const next = connections.shift();
    if (next === undefined) throw new TypeError('no network');
    if (next === NEVER) {
      return new Promise((_, fail) => signal.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError'))));
    }
    if (next instanceof Response || next instanceof Error) {
      if (next instanceof Error) throw next;
      return next;
    }
    const body = new ReadableStream({
      async start(out) {
        signal.addEventListener('abort', () => {
          try { out.error(new DOMException('aborted', 'AbortError')); } catch { /* it has ended already */ }
        });
        for (const piece of next) {
          await new Promise((resolve) => setTimeout(resolve));
          if (piece === HANG) return;
          if (piece === CUT) { out.error(new TypeError('cut')); return; }
          out.enqueue(new TextEncoder().encode(piece));
        }
        out.close();
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'Stream-Id': 's' } });
  };
  return { fetch, requests };
}

async function read(connections, options = {}, during = () => {}) {
  const { fetch, requests } = server(connections);
  const events = [];
  const states = [];
  const reader = readStream({
    url: '/ask', init: { method: 'POST' }, fetch,
    onEvent: ({ index, data }) => { events.push([index, JSON.parse(data).d ?? null]); during(reader, events); },
    onState: (state, detail) => states.push(state === 'refused' ? `${state} ${detail.status} ${detail.code}` : state),
    ...options,
  });
  await reader.finished;
  return { events, states, requests };
}

const ALL = [[0, null], [1, 'a'], [2, 'b'], [3, null]];
const [start, a, b] = [block(0, {}, 'start'), block(1, { d: 'a' }), block(2, { d: 'b' })];

equal('read to the end', await read([[RETRY + start, a, b, DONE]]),
  { events: ALL, states: ['connecting', 'live', 'ended'], requests: ['POST /ask -'] });

equal('goes on after a cut, inside a block', await read([[RETRY + start, a, b.slice(0, 12), CUT], [b, DONE]]),
  { events: ALL, states: ['connecting', 'live', 'reconnecting', 'live', 'ended'], requests: ['POST /ask -', 'GET /streams/s s.1'] });

equal('a clean end before the terminal event is a cut', (await read([[RETRY + start], [a, b, DONE]])).events, ALL);

equal('a replayed event is not applied again', (await read([[RETRY + start, a, CUT], [start, a, b, DONE]])).events, ALL);

const LOST = { code: 'owner_lost' };
for (const n of ['2', '02', '1', '01']) {
  equal(`the end of a stream that lost its node stands at ${n}`,
    await read([[RETRY + start, a, b, CUT], [block(n, { error: LOST }, 'failed')]]),
    {
      events: [...ALL.slice(0, 3), [Number(n), null]],
      states: ['connecting', 'live', 'reconnecting', 'live', 'ended'],
      requests: ['POST /ask -', 'GET /streams/s s.2'],
    });
}

equal('a missing event is fetched again', await read([[RETRY + start, b, HANG], [a, b, DONE]]),
  { events: ALL, states: ['connecting', 'live', 'reconnecting', 'live', 'ended'], requests: ['POST /ask -', 'GET /streams/s s.0'] });

equal('a snapshot may leap', (await read([[RETRY + start, block(2, { d: 'ab' }, 'snapshot'), DONE]])).events,
  [[0, null], [2, 'ab'], [3, null]]);

equal('nothing after the terminal event', (await read([[RETRY + start, a, b, DONE + block(4, { d: 'late' })]])).events, ALL);

equal('204: all was seen', (await read([new Response(null, { status: 204 })], { stream: 's', after: 3 })).states,
  ['connecting', 'ended']);

equal('an id is known before the first event', (await read([[RETRY, CUT], [start, a, b, DONE]])).requests,
  ['POST /ask -', 'GET /streams/s -']);

equal('a refusal is told in its words', (await read([Response.json({ error: { code: 'bad_request', message: 'm' } }, { status: 400 })])).states,
  ['connecting', 'refused 400 bad_request']);

equal('a proxy is tried again, an expired stream is not',
  (await read([[RETRY + start, CUT], new Response('bad gateway', { status: 502 }), Response.json({ error: { code: 'not_found' } }, { status: 404 })])).states,
  ['connecting', 'live', 'reconnecting', 'reconnecting', 'refused 404 not_found']);

equal('a question that never arrived is not asked twice', (await read([new TypeError('refused')])).states,
  ['connecting', 'refused 0 unreachable']);

equal('cut() reconnects', await read([[RETRY + start, a, HANG], [b, DONE]], {}, (reader, events) => {
  if (events.length === 2) setTimeout(() => reader.cut());
}), { events: ALL, states: ['connecting', 'live', 'reconnecting', 'live', 'ended'], requests: ['POST /ask -', 'GET /streams/s s.1'] });

equal('close() ends it', await read([[RETRY + start, a, HANG]], {}, (reader, events) => {
  if (events.length === 2) setTimeout(() => reader.close());
}), { events: ALL.slice(0, 2), states: ['connecting', 'live', 'closed'], requests: ['POST /ask -'] });

equal('close() during a wait ends it', (await read([[RETRY + start, CUT]], {
  onState(state) { if (state === 'reconnecting') setTimeout(() => this.close?.()); },
  giveUpMs: -1,
})).events, [[0, null]]);

equal('silence is a cut', (await read([[RETRY + start, HANG], [a, b, DONE]], { silenceMs: 40 })).events, ALL);

equal('silence before the head is a cut too', (await read([[RETRY + start, CUT], NEVER, [a, b, DONE]], { silenceMs: 40 })).events, ALL);

const slept = Date.now;
equal('who slept goes on', (await read([[RETRY + start, a, CUT], [b, DONE]], {}, (_, events) => {
  // An hour passes between this event and the next.
  if (events.length === 2) queueMicrotask(() => (Date.now = () => slept() + 3_600_000));
})).events, ALL);
Date.now = slept;

equal('gives up in the end', (await read([[RETRY + start, CUT]], { giveUpMs: -1 })).states,
  ['connecting', 'live', 'refused 0 unreachable']);

return failures;
