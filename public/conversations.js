/**
 * The conversations, kept in this browser: `{id, title, updatedAt, messages}`. Tabs tell each other what changed.
 * Where there is no IndexedDB (some private windows) they live as long as the tab.
 */

import { randomId } from './api.js';

const STORE = 'conversations';
const channel = openChannel();
const memory = new Map();
/** What was deleted stays so, though its answer may still be on its way. */
const gone = new Set();
let opened = null;

/** Null where there is none: where a site may keep nothing, Firefox forbids this too. */
function openChannel() {
  try {
    return new BroadcastChannel('rivulet');
  } catch {
    return null;
  }
}

function open() {
  opened ??= new Promise((resolve) => {
    const request = globalThis.indexedDB?.open('rivulet', 1);
    if (!request) {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => {
      // Its data was cleared by hand: it is opened anew when it is next needed.
      request.result.onclose = () => (opened = null);
      resolve(request.result);
    };
    request.onerror = () => resolve(null);
  }).catch(() => null);
  return opened;
}

async function run(mode, work, without) {
  const db = await open();
  if (!db) return without();
  return new Promise((resolve, reject) => {
    const request = work(db.transaction(STORE, mode).objectStore(STORE));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export function newConversation() {
  return { id: randomId(), title: '', updatedAt: Date.now(), messages: [] };
}

/** All of them, the latest first. */
export async function allConversations() {
  const all = await run('readonly', (store) => store.getAll(), () => [...memory.values()]);
  return all.sort((a, b) => b.updatedAt - a.updatedAt);
}

export function findConversation(id) {
  return run('readonly', (store) => store.get(id), () => memory.get(id));
}

/**
 * Keeps it, if there is room; other tabs look again, unless it is only the next words of an answer that they read themselves.
 */
export async function keep(conversation, tellOthers = true) {
  if (gone.has(conversation.id)) return;
  // A disk that is full ends no answer.
  await run('readwrite', (store) => store.put(conversation), () => memory.set(conversation.id, conversation)).catch(() => {});
  if (tellOthers) channel?.postMessage({ id: conversation.id });
}

export async function remove(id) {
  await drop(id);
  channel?.postMessage({ id, dropped: true });
}

async function drop(id) {
  gone.add(id);
  await run('readwrite', (store) => store.delete(id), () => memory.delete(id));
}

/** Calls back with the id of a conversation that another tab changed. */
export function onOtherTab(changed) {
  channel?.addEventListener('message', async ({ data: { id, dropped } }) => {
    // This tab may have kept it once more meanwhile.
    if (dropped) await drop(id);
    changed(id);
  });
}
