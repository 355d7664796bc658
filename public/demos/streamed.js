/** A demo that is one stream: begun, followed to its end, found again after a reload. */
import { Run, endStream, follow } from '../run.js';
import { begin } from '../api.js';
import { failureText } from '../message.js';
import { keptStream, showClocks } from './demo.js';

/**
 * @param demo the demo's parts
 * @param kept its name in the session
 * @param body what to ask for, from the form
 * @param onBegin clears what was shown
 * @param onEvent shows an event
 * @param onEnd shows the end, with the words of a failure
 */
export function streamed(demo, { kept: name, body, onBegin, onEvent, onEnd = () => {} }) {
  const kept = keptStream(name);
  let reader = null;
  let run = null;

  async function start() {
    let asked;
    try {
      asked = body();
    } catch {
      return;
    }
    watch(asked, Date.now());
    let stopped = false;
    run.stop = () => {
      stopped = true;
    };
    try {
      const stream = await begin(asked);
      if (stopped) endStream(stream);
      kept.write({ stream, asked, startedAt: Date.now() });
      read(stream);
    } catch (refused) {
      finish('failed', refused);
    }
  }

  function watch(asked, startedAt) {
    reader?.close();
    run = new Run({ request: { method: 'POST', path: 'streams', body: asked }, startedAt });
    demo.busy(true);
    onBegin(asked);
    showClocks(demo.clocks, run);
  }

  function read(stream) {
    let failed = null;
    reader = follow(run, {
      stream,
      onEvent(event) {
        if (event.name === 'failed') failed = event.data.error;
        onEvent(event);
      },
      onEnd: (state, refusal) => finish(state, refusal ?? failed),
    });
  }

  function finish(state, failure) {
    run.enter(state);
    kept.clear();
    demo.busy(false);
    showClocks(demo.clocks, run);
    onEnd(state, failure ? failureText(failure) : '');
  }

  demo.onRun(start);
  demo.onStop(() => run?.ended || run?.stop());
  return {
    /** Goes on with the stream that a reload left behind. */
    resume() {
      const left = kept.read();
      if (!left || (run && !run.ended)) return;
      watch(left.asked, left.startedAt);
      read(left.stream);
    },
  };
}
