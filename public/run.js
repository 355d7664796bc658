/**
 * One generation as the page watches it: its state, its events with their times, what can be done to it. The state
 * light, the wire and the clocks show whichever run was begun last.
 *
 *     connecting -> live <-> reconnecting -> complete | failed | cancelled, or left: nobody here reads on
 */
import { readStream } from './stream.js';
import { BASE, SIGNED_OUT, cancel } from './api.js';
import { announce } from './dom.js';
import { t } from './words.js';

const ENDS = new Set(['complete', 'failed', 'cancelled', 'left']);
const watchers = new Set();
let current = null;

export const currentRun = () => current;

/** Calls `watch(run, what)` for each change of the current run: `begun`, `state` or `event`. */
export function watchRuns(watch) {
  watchers.add(watch);
  if (current) watch(current, 'begun');
}

export class Run {
  state = 'connecting';
  events = [];
  /** When the connection was lost and back, in ms from the start: `{from, to}`. */
  gaps = [];
  bytes = 0;
  tokens = 0;
  firstTokenAt = null;
  endedAt = null;
  #origin;

  /**
   * @param request `{method, path, body}`, for the curl line
   * @param startedAt when it was asked, in ms of Date.now(); a reload knows it from before
   * @param stop,cut what the buttons do
   */
  constructor({ request, startedAt = Date.now(), stop = () => {}, cut = null }) {
    this.request = request;
    this.stop = stop;
    this.cut = cut;
    // The clock that never jumps, set to what the wall clock said.
    this.#origin = performance.now() - (Date.now() - startedAt);
    current = this;
    this.#tell('begun');
  }

  get ended() {
    return ENDS.has(this.state);
  }

  /** Milliseconds from the question until now, or until the end. */
  get elapsed() {
    return this.endedAt ?? performance.now() - this.#origin;
  }

  /** Keeps an event that has come in. */
  record(event, isToken) {
    const at = this.elapsed;
    if (isToken) {
      this.tokens += 1;
      this.firstTokenAt ??= at;
    }
    this.bytes += event.size;
    this.events.push({ ...event, at, isToken });
    this.#tell('event');
  }

  enter(state) {
    if (this.ended || state === this.state) return;
    const now = this.elapsed;
    if (state === 'reconnecting') this.gaps.push({ from: now, to: null });
    const open = this.gaps.at(-1);
    if (this.state === 'reconnecting' && open) open.to = now;
    if (ENDS.has(state)) this.endedAt = now;
    this.state = state;
    this.#tell('state');
  }

  #tell(what) {
    if (current === this) for (const watch of watchers) watch(this, what);
  }
}

/** How a stream ended, as one of the run's states. */
export function endOf(terminal) {
  if (terminal?.name === 'failed') return 'failed';
  const reason = terminal ? JSON.parse(terminal.data).finish_reason : 'stop';
  return reason === 'cancelled' ? 'cancelled' : 'complete';
}

/** Ends a generation. Where the server cannot be told, it goes on and is paid for: that must be seen. */
export async function endStream(stream) {
  if (!(await cancel(stream))) announce(t('notStopped'), true);
}

export const isToken = (name) => ['message', 'reasoning', 'refusal', 'tool_call', 'field'].includes(name);

/**
 * Reads a stream into a run.
 *
 * @param onEvent is given each event with its `data` parsed
 * @param onEnd is told `complete`, `failed` or `cancelled`, with the refusal if the server refused
 */
export function follow(run, { onEvent, onEnd, ...how }) {
  let stopped = false;
  const reader = readStream({
    ...how,
    base: BASE,
    onEvent(event) {
      run.record(event, isToken(event.name));
      onEvent({ ...event, data: JSON.parse(event.data) });
    },
    onState(state, detail) {
      if (state === 'live' || state === 'reconnecting') {
        run.enter(state);
        // Without a network the first word of it was lost.
        if (state === 'live' && stopped) endStream(reader.stream);
      } else if (state === 'ended' || state === 'refused') {
        const end = state === 'refused' ? 'failed' : endOf(detail);
        run.enter(end);
        if (state === 'refused' && detail.status === 401) dispatchEvent(new Event(SIGNED_OUT));
        onEnd(end, state === 'refused' ? detail : null);
      } else if (state === 'closed') {
        run.enter('left');
      }
    },
  });
  run.cut = () => reader.cut();
  run.stop = () => {
    if (reader.stream) {
      stopped = true;
      endStream(reader.stream);
      return;
    }
    // Nobody was told an id: the server ends what it knows nobody can come back to.
    run.enter('cancelled');
    reader.close();
    onEnd('cancelled', null);
  };
  return reader;
}
