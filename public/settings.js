/** Model, instructions and the rest, kept in this browser; sent only where they are set. */
import { byId, element } from './dom.js';
import { models } from './api.js';
import { local } from './storage.js';
import { t } from './words.js';

const KEPT = 'rivulet.settings';
const dialog = byId('settings');
const form = dialog.querySelector('form');
const chip = byId('model-chip');
let upstreamDefault = '';
let ids = [];

const read = () => JSON.parse(local.getItem(KEPT) ?? '{}');

/** The settings as fields of a chat's request. */
export function requestFields() {
  const { model, instructions, temperature, max_output_tokens: most } = read();
  return {
    ...(model && { model }),
    ...(instructions && { instructions }),
    ...(temperature && { temperature: Number(temperature) }),
    ...(most && { max_output_tokens: Number(most) }),
  };
}

export function showModel() {
  const model = read().model || upstreamDefault;
  chip.textContent = model || t('defaultModel');
  // What the simulator can do, one press away; a real upstream's models are too many for that.
  byId('simulated-models').replaceChildren(...ids.filter((id) => id.startsWith('sim-') || id === upstreamDefault).map((id) => {
    const button = element('button', 'model', id);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(id === model));
    button.addEventListener('click', () => chooseModel(id));
    return button;
  }));
}

function chooseModel(id) {
  local.setItem(KEPT, JSON.stringify({ ...read(), model: id === upstreamDefault ? '' : id }));
  showModel();
  byId('question').focus();
}

function keepAll() {
  local.setItem(KEPT, JSON.stringify(Object.fromEntries(new FormData(form))));
  showModel();
}

function openSettings() {
  const kept = read();
  // Also those without a value: what was typed last time may not have been one.
  for (const field of form.elements) if (field.name) field.value = kept[field.name] ?? '';
  dialog.showModal();
}

export async function loadModels() {
  const known = await models().catch(() => ({ default: '', models: [] }));
  upstreamDefault = known.default;
  ids = known.models;
  form.elements.model.placeholder = known.default || t('defaultModel');
  byId('models').replaceChildren(...ids.map((id) => {
    const option = element('option');
    option.value = id;
    return option;
  }));
  showModel();
}

form.addEventListener('change', () => form.checkValidity() && keepAll());
form.addEventListener('reset', () => setTimeout(keepAll));
// The first button of a form is what Enter presses: here that would be the one that closes.
form.addEventListener('submit', (event) => {
  if (form.checkValidity()) keepAll();
  else if (event.submitter?.matches('.primary')) event.preventDefault();
});
dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
byId('settings-open').addEventListener('click', openSettings);
chip.addEventListener('click', openSettings);
