/** What the demos have in common: a form that starts and stops one run, its clocks, and a stream that a reload finds. */
import { element } from '../dom.js';
import { duration, seconds } from '../format.js';
import { session } from '../storage.js';
import { t } from '../words.js';

/** The elements of a demo's section. */
export function partsOf(id) {
  const section = document.getElementById(`view-${id}`);
  const form = section.querySelector('form.controls');
  // Firefox keeps over a reload what could be pressed before it; the run that it was for may be gone.
  form.elements.run.disabled = false;
  form.elements.stop.disabled = true;
  return {
    section,
    form,
    clocks: section.querySelector('.clocks'),
    part: (name) => section.querySelector(`[data-part=${name}]`),
    fields: () => Object.fromEntries(new FormData(form)),
    onRun(start) {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        start();
      });
    },
    onStop(stop) {
      form.elements.stop.addEventListener('click', stop);
    },
    busy(is) {
      const { run, stop } = form.elements;
      const [goes, stays] = is ? [run, stop] : [stop, run];
      // A disabled button loses the focus to nowhere, and not at once.
      const focused = document.activeElement === goes;
      goes.disabled = true;
      stays.disabled = false;
      if (focused) stays.focus();
    },
  };
}

/** Why it failed, apart from what was said before. */
export const failureLine = (words) => element('p', 'why', words);

/** Shows a run's clocks until it ends. */
export function showClocks(node, run) {
  const first = run.firstTokenAt === null ? '–' : duration(run.firstTokenAt);
  node.textContent = `${t('ttft')} ${first} · ${t('elapsed')} ${seconds(run.elapsed)}`;
  if (!run.ended) requestAnimationFrame(() => showClocks(node, run));
}

/** The stream of a demo, for as long as the tab: a reload follows it from its beginning. */
export function keptStream(demo) {
  const key = `rivulet.${demo}`;
  return {
    read: () => JSON.parse(session.getItem(key) ?? 'null'),
    write: (value) => session.setItem(key, JSON.stringify(value)),
    clear: () => session.removeItem(key),
  };
}
