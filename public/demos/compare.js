/** One question to both routes at once: what waiting for the whole answer looks like beside its stream. */
import { Run, follow } from '../run.js';
import { BASE, refusalOf } from '../api.js';
import { duration, seconds } from '../format.js';
import { failureText } from '../message.js';
import { t } from '../words.js';
import { failureLine, partsOf } from './demo.js';

export function compare() {
  const demo = partsOf('compare');
  const verdict = demo.section.querySelector('.verdict');
  const normal = side(demo.section.querySelector('[data-side=normal]'));
  const stream = side(demo.section.querySelector('[data-side=stream]'));
  let abort = null;
  let run = null;

  demo.onRun(() => {
    const message = demo.fields().message;
    const query = `message=${encodeURIComponent(message)}`;
    verdict.textContent = '';
    demo.busy(true);
    normal.begin();
    stream.begin();
    Promise.all([wait(query), watch(query)]).then(() => {
      demo.busy(false);
      showVerdict();
    });
  });
  demo.onStop(() => run?.stop());

  async function wait(query) {
    abort = new AbortController();
    try {
      const response = await fetch(`${BASE}/sse/chat-normal?${query}`, { signal: abort.signal });
      if (!response.ok) throw await refusalOf(response);
      normal.add((await response.json()).message);
      normal.end('complete');
    } catch (error) {
      if (error.name === 'AbortError') normal.end('cancelled');
      else normal.fail(failureText({ code: 'unreachable', ...error, message: error.message }));
    }
  }

  function watch(query) {
    const path = `sse/chat?format=json&${query}`;
    run = new Run({ request: { path } });
    return new Promise((resolve) => {
      follow(run, {
        url: `${BASE}/${path}`,
        onEvent({ name, data }) {
          if (name === 'message' || name === 'refusal') stream.add(data.delta);
          if (name === 'snapshot') stream.show((data.text ?? '') + (data.refusal ?? ''));
          if (name === 'failed') stream.fail(failureText(data.error));
        },
        onEnd(state, refusal) {
          if (refusal) stream.fail(failureText(refusal));
          stream.end(state);
          resolve();
        },
      });
      // Both sides, whether by the button or by Escape.
      const stopStream = run.stop;
      run.stop = () => {
        abort.abort();
        stopStream();
      };
    });
  }

  function showVerdict() {
    if (normal.firstAt === null || stream.firstAt === null) return;
    const times = normal.firstAt / Math.max(1, stream.firstAt);
    verdict.textContent = t('verdict', {
      times: times < 10 ? times.toFixed(1) : Math.round(times),
      saved: duration(Math.max(0, normal.firstAt - stream.firstAt)),
    });
  }
}

/** One of the two: its clock, its text, when its first words came. */
function side(node) {
  const clock = node.querySelector('time');
  const paper = node.querySelector('.paper');
  const note = node.querySelector('.note');
  let startedAt = 0;
  const passed = () => performance.now() - startedAt;

  const tick = () => {
    clock.textContent = seconds(passed());
    if (node.dataset.state === 'live') requestAnimationFrame(tick);
  };

  return {
    firstAt: null,
    begin() {
      this.firstAt = null;
      startedAt = performance.now();
      node.dataset.state = 'live';
      paper.textContent = '';
      delete node.dataset.first;
      note.textContent = t('firstWords');
      tick();
    },
    add(text) {
      if (this.firstAt === null) {
        this.firstAt = passed();
        node.dataset.first = '';
        note.textContent = t('firstWordsAfter', { time: duration(this.firstAt) });
      }
      paper.append(text);
    },
    show(text) {
      paper.textContent = '';
      this.add(text);
    },
    end(state) {
      if (node.dataset.state !== 'live') return;
      clock.textContent = seconds(passed());
      node.dataset.state = state;
    },
    fail(words) {
      paper.append(failureLine(words));
      this.end('failed');
    },
  };
}
