/** The list of conversations, and the drawer that it is on a phone. */
import { byId, clone } from './dom.js';
import { isOpen } from './answer.js';
import { allConversations, findConversation, onOtherTab, remove } from './conversations.js';
import { endStream } from './run.js';
import { currentConversation, forget } from './chat.js';
import { t } from './words.js';

const list = byId('conversations');
const side = byId('side');
const shade = byId('shade');
const opener = byId('side-open');

export async function showConversations() {
  const all = (await allConversations()).filter((each) => each.messages.length > 0);
  byId('no-conversations').hidden = all.length > 0;
  // What is made anew would lose it.
  const focused = document.activeElement;
  const address = focused.closest('#conversations li')?.querySelector('a').hash;
  list.replaceChildren(...all.map((conversation) => {
    const item = clone('t-conversation');
    const link = item.querySelector('a');
    link.textContent = conversation.title;
    link.href = `#/chat/${conversation.id}`;
    if (conversation.id === currentConversation().id && location.hash.startsWith('#/chat')) {
      link.setAttribute('aria-current', 'page');
    }
    const bin = item.querySelector('button');
    bin.setAttribute('aria-label', t('deleteConversation', { title: conversation.title }));
    // The next one comes to its place: a double click would delete both.
    bin.addEventListener('click', (event) => event.detail < 2 && deleteIt(conversation.id));
    return item;
  }));
  if (address) list.querySelector(`li:has([href="${address}"]) ${focused.localName}`)?.focus();
}

async function deleteIt(id) {
  const shown = id === currentConversation().id;
  if (shown) forget();
  else await endLeft(id);
  await remove(id);
  if (shown) location.hash = '#/chat';
  await showConversations();
  byId('new-chat').focus();
}

/** An answer that was left open goes on for a while, and nobody will come back for it. */
async function endLeft(id) {
  const last = (await findConversation(id))?.messages.at(-1);
  if (last?.stream && isOpen(last)) endStream(last.stream);
}

export function openSide(open) {
  if (!open && document.body.dataset.side !== 'open') return;
  document.body.dataset.side = open ? 'open' : 'closed';
  shade.hidden = !open;
  // What lies under the shade is not reached by Tab either.
  for (const id of ['main', 'wire']) byId(id).inert = open;
  opener.setAttribute('aria-expanded', String(open));
  if (open) byId('side-close').focus();
}

opener.addEventListener('click', () => openSide(true));
byId('side-close').addEventListener('click', () => {
  openSide(false);
  opener.focus();
});
shade.addEventListener('click', () => openSide(false));
// A phone that is turned has room for it: nothing lies under it then.
matchMedia('(min-width: 760px)').addEventListener('change', (event) => event.matches && openSide(false));
onOtherTab(showConversations);
