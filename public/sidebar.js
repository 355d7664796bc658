/** The list of conversations, and the drawer that it is on a phone. */
import { byId, clone } from './dom.js';
import { allConversations, onOtherTab, remove } from './conversations.js';
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
    bin.addEventListener('click', () => deleteIt(conversation.id));
    return item;
  }));
  if (address) list.querySelector(`li:has([href="${address}"]) ${focused.localName}`)?.focus();
}

async function deleteIt(id) {
  const shown = id === currentConversation().id;
  if (shown) forget();
  await remove(id);
  if (shown) location.hash = '#/chat';
  await showConversations();
  byId('new-chat').focus();
}

export function openSide(open) {
  if (!open && document.body.dataset.side !== 'open') return;
  document.body.dataset.side = open ? 'open' : 'closed';
  shade.hidden = !open;
  opener.setAttribute('aria-expanded', String(open));
  if (open) byId('side-close').focus();
}

opener.addEventListener('click', () => openSide(true));
byId('side-close').addEventListener('click', () => {
  openSide(false);
  opener.focus();
});
shade.addEventListener('click', () => openSide(false));
onOtherTab(showConversations);
