/** The state light: what the current run does, and what it last received. */
import { announce, byId, eachFrame } from './dom.js';
import { seconds } from './format.js';
import { t } from './words.js';
import { currentRun, watchRuns } from './run.js';

const light = byId('light');
const word = byId('light-word');
const last = byId('light-last');
const cut = byId('cut');

const draw = eachFrame(showLight);

export function showLight() {
  const run = currentRun();
  const state = !run || run.state === 'left' ? 'idle' : run.state;
  light.dataset.state = state;
  word.textContent = t(`state${state[0].toUpperCase()}${state.slice(1)}`);
  const event = run?.events.at(-1);
  last.textContent = event ? `#${event.index ?? run.events.length - 1} · ${seconds(event.at)}` : '';
  cut.hidden = !run?.cut || run.ended;
  cut.disabled = state !== 'live';
}

watchRuns((run, what) => {
  if (what === 'state' && run.state === 'reconnecting') announce(t('connectionLost'));
  draw();
});
cut.addEventListener('click', () => currentRun()?.cut?.());
