/** The page: language and colours, which view is shown, and the keys that work everywhere. */
import { byId, element, isComposing } from './dom.js';
import { LANGUAGES, language, preferredLanguage, speak, t } from './words.js';
import { ask, currentConversation, openConversation, showAll, startChat, stop } from './chat.js';
import { asJson, asMarkdown, download, fileName } from './exports.js';
import { openSide, showConversations } from './sidebar.js';
import { showIdeas } from './message.js';
import { showLight } from './light.js';
import { loadModels, showModel } from './settings.js';
import { signedIn } from './sign-in.js';
import { health } from './api.js';
import { wireOpen } from './wire.js';
import { local } from './storage.js';
import { countdown } from './demos/countdown.js';
import { fakeLlm } from './demos/fake-llm.js';
import { compare } from './demos/compare.js';
import { generate } from './demos/generate.js';
import { structured } from './demos/structured.js';

const THEME = 'rivulet.theme';
/** Below this the wire covers the page. */
const WIDE_PX = 1100;
const VIEWS = {
  chat: 'chat',
  countdown: 'countdown',
  'fake-llm': 'fakeLlm',
  compare: 'compare',
  generate: 'generate',
  structured: 'structured',
};
const DEMOS = { countdown, 'fake-llm': fakeLlm, compare, generate, structured };
const mounted = {};

function showTheme() {
  const theme = local.getItem(THEME) ?? 'system';
  byId('theme').value = theme;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Shows what the address asks for: `#/chat/{conversation}` or `#/{demo}`. */
async function route() {
  const [, name = 'chat', id = ''] = location.hash.split('/');
  const view = Object.hasOwn(VIEWS, name) ? name : 'chat';
  for (const key of Object.keys(VIEWS)) byId(`view-${key}`).hidden = key !== view;
  document.body.dataset.view = view;
  for (const link of byId('demo-links').querySelectorAll('a')) {
    if (link.hash === `#/${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('export-open').hidden = view !== 'chat' || currentConversation().messages.length === 0;
  if (view === 'chat') {
    if (id !== currentConversation().id || id === '') await openConversation(id);
  } else {
    mounted[view] ??= DEMOS[view]() ?? {};
    mounted[view].resume?.();
  }
  showTitle();
  await showConversations();
  if (innerWidth < 760) openSide(false);
}

function showTitle() {
  const view = document.body.dataset.view;
  const title = (view === 'chat' && currentConversation().title) || t(VIEWS[view]);
  byId('title').textContent = title;
  document.title = `${title} · Rivulet`;
}

/** The conversation was kept: its address names it now, so that a reload and another tab find it. */
async function conversationChanged() {
  const { id, messages } = currentConversation();
  if (messages.length > 0 && document.body.dataset.view === 'chat' && location.hash !== `#/chat/${id}`) history.replaceState(null, '', `#/chat/${id}`);
  showTitle();
  await showConversations();
}

async function speakNow(tag, chosen) {
  await speak(tag, chosen);
  byId('language').value = language();
  showIdeas((idea) => {
    ask(idea);
    // The idea goes, and would take the focus with it.
    byId('stop').focus();
  });
  showLight();
  showModel();
  showTitle();
}

async function start() {
  showTheme();
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const option = element('option', '', name);
    option.value = tag;
    byId('language').append(option);
  }
  document.body.dataset.view = 'chat';
  startChat(conversationChanged);
  await speakNow(preferredLanguage());
  const asked = signedIn();
  asked.then(loadModels);
  // An answer that was left open is gone on with only by someone whom the server knows.
  await asked;
  await route();
  document.body.dataset.ready = '';
  if (document.body.dataset.view === 'chat') byId('question').focus();
  const { upstream } = await health().catch(() => ({}));
  byId('simulated').hidden = upstream?.name !== 'simulator';
}

byId('language').addEventListener('change', async (event) => {
  // Without a network its words may not come.
  await speakNow(event.target.value, true).catch(() => (event.target.value = language()));
  if (document.body.dataset.view === 'chat') showAll();
  await showConversations();
});
byId('theme').addEventListener('change', (event) => {
  local.setItem(THEME, event.target.value);
  showTheme();
});
byId('new-chat').addEventListener('click', () => {
  if (location.hash === '#/chat' || location.hash === '') openConversation('').then(showTitle);
  else location.hash = '#/chat';
  if (innerWidth < 760) openSide(false);
  byId('question').focus();
});
byId('export-markdown').addEventListener('click', () => save('md', 'text/markdown', asMarkdown));
byId('export-json').addEventListener('click', () => save('json', 'application/json', asJson));

function save(extension, type, as) {
  const conversation = currentConversation();
  byId('export-menu').hidePopover();
  download(`${fileName(conversation.title)}.${extension}`, type, as(conversation));
}

// Its address would be taken for that of another view, and the conversation's be lost.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});
addEventListener('hashchange', route);
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || isComposing(event) || document.querySelector('dialog[open], [popover]:popover-open')) return;
  // As if the button were pressed: it gives the focus back.
  if (document.body.dataset.side === 'open') byId('side-close').click();
  else if (wireOpen() && innerWidth < WIDE_PX) byId('wire-close').click();
  else if (document.body.dataset.view === 'chat') stop();
  // What is seen, and nothing behind it; where there is nothing to stop, the button is disabled.
  else byId(`view-${document.body.dataset.view}`).querySelector('[name=stop]').click();
});
start();
