/** The countdown: each number as it comes, and how much of the time is left. */
import { partsOf } from './demo.js';
import { streamed } from './streamed.js';

export function countdown() {
  const demo = partsOf('countdown');
  const dial = demo.section.querySelector('.dial');
  const arc = dial.querySelector('.arc');
  const number = demo.part('number');
  let from = 1;

  const show = (text, left) => {
    number.textContent = text;
    // Round ends would leave a dot of an arc that is none.
    arc.style.visibility = left > 0 ? 'visible' : 'hidden';
    arc.style.strokeDasharray = `${left * 100} 100`;
  };

  return streamed(demo, {
    kept: 'countdown',
    body() {
      const { from: start, interval } = demo.fields();
      return { kind: 'countdown', from: Number(start), interval };
    },
    onBegin(asked) {
      from = asked.from;
      dial.dataset.state = 'live';
      show('·', 1);
    },
    onEvent({ name, data, index }) {
      if (name === 'snapshot') {
        // Of all numbers in one text, the last one: the first event starts, the second is the first number.
        const left = from + 1 - index;
        show(left > 0 ? left : data.text.replace(/^\d+/, ''), left / from);
      }
      if (name !== 'message') return;
      const left = Number(data.delta);
      show(data.delta, Number.isNaN(left) ? 0 : left / from);
    },
    onEnd(state, failure) {
      dial.dataset.state = state;
      if (failure) show(failure, 0);
    },
  });
}
