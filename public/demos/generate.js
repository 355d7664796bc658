/** A POST whose answer is read with getReader(), and what each read brought. */
import { Run, endOf, endStream, isToken } from '../run.js';
import { BASE, refusalOf } from '../api.js';
import { element } from '../dom.js';
import { utf8Length } from '../stream.js';
import { failureText } from '../message.js';
import { readLines } from '../lines.js';
import { t } from '../words.js';
import { failureLine, partsOf, showClocks } from './demo.js';

export function generate() {
  const demo = partsOf('generate');
  const answer = demo.part('answer');
  const reads = demo.section.querySelector('.reads');
  let run = null;

  demo.onRun(async () => {
    const body = { query: demo.fields().query };
    run = new Run({ request: { method: 'POST', path: 'generate', body } });
    answer.textContent = '';
    answer.dataset.state = 'live';
    reads.replaceChildren();
    demo.busy(true);
    showClocks(demo.clocks, run);
    // Until there is an id to cancel by, the connection is what there is.
    const begun = new AbortController();
    run.stop = () => begun.abort();
    const state = await read(body, begun.signal).catch((error) => {
      if (error.name === 'AbortError') return 'cancelled';
      answer.append(failureLine(failureText({ code: 'unreachable', ...error, message: error.message })));
      return 'failed';
    });
    run.enter(state);
    answer.dataset.state = state;
    demo.busy(false);
    showClocks(demo.clocks, run);
  });
  demo.onStop(() => run?.stop());

  async function read(body, signal) {
    const response = await fetch(`${BASE}/generate`, { method: 'POST', body: JSON.stringify(body), signal });
    if (!response.ok) throw await refusalOf(response);
    run.stop = () => endStream(response.headers.get('Stream-Id'));
    run.enter('live');
    let end = null;
    for await (const line of readLines(response.body, showRead)) {
      const event = JSON.parse(line);
      const name = event.event ?? 'message';
      run.record({ name, data: line, line, id: '', index: event.n, size: utf8Length(line) + 1 }, isToken(name));
      if (name === 'message' || name === 'refusal') answer.append(event.delta);
      if (name === 'snapshot') answer.textContent = (event.text ?? '') + (event.refusal ?? '');
      if (name === 'failed') answer.append(failureLine(failureText(event.error)));
      if (name === 'done' || name === 'failed') end = { name, data: line };
    }
    // A body that ends before its terminal line was cut.
    return end ? endOf(end) : 'failed';
  }

  function showRead({ bytes, lines }) {
    const atEnd = reads.scrollHeight - reads.scrollTop - reads.clientHeight < 40;
    reads.append(element('li', '', t('readSays', { bytes, lines })));
    if (atEnd) reads.scrollTop = reads.scrollHeight;
  }
}
