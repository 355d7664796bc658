/** Who calls: asked once, where the server wants to know, and again when it no longer does. The page keeps no token. */
import { byId } from './dom.js';
import { Refused, SIGNED_OUT, session, signIn, signOut } from './api.js';
import { t } from './words.js';

const dialog = byId('sign-in');
const form = dialog.querySelector('form');
const wrong = byId('sign-in-error');
const out = byId('sign-out');
/** Those who wait for a sign-in. */
let waiting = [];

/** Resolves once the server lets this page call. */
export async function signedIn() {
  const { required, name } = await session().catch(() => ({}));
  if (required && !name) await askForToken();
  else showOut(name);
}

function askForToken() {
  showOut(null);
  if (!dialog.open) {
    form.reset();
    say('');
    dialog.showModal();
    document.body.dataset.ready = '';
  }
  return new Promise((resolve) => waiting.push(resolve));
}

function showOut(name) {
  out.hidden = !name;
  out.querySelector('span').textContent = name ?? '';
}

function say(words) {
  wrong.textContent = words;
  form.elements.token.toggleAttribute('aria-invalid', words !== '');
}

async function submit() {
  form.elements.go.disabled = true;
  try {
    await signIn(form.elements.token.value);
    const letIn = waiting;
    waiting = [];
    form.reset();
    dialog.close();
    showOut((await session()).name);
    for (const resolve of letIn) resolve();
  } catch (refused) {
    say(refused instanceof Refused ? (refused.code === 'token_unknown' ? t('tokenUnknown') : refused.message) : t('unreachable'));
    form.elements.token.select();
  } finally {
    form.elements.go.disabled = false;
    if (dialog.open) form.elements.token.focus();
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
// There is nothing behind it that could be used. A second Escape closes it all the same.
dialog.addEventListener('cancel', (event) => event.preventDefault());
dialog.addEventListener('close', () => waiting.length > 0 && dialog.showModal());
out.addEventListener('click', async () => {
  await signOut();
  location.reload();
});
addEventListener(SIGNED_OUT, askForToken);
