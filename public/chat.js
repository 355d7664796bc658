/**
 * The chat: a conversation, its last answer as it streams, and what can be done with both.
 *
 * An answer's stream id is kept before its first token, and its position with its text, in one write: whoever opens the
 * conversation again, after a reload or in another tab, goes on after the last event that the text holds.
 */
import { announce, byId, copy, eachFrame, growing } from './dom.js';
import { Refused, begin, cancel } from './api.js';
import { Run, follow } from './run.js';
import { AnswerView, editor, failureText, questionView } from './message.js';
import { applyEvent, fail, isOpen, newAnswer } from './answer.js';
import { findConversation, keep, newConversation, onOtherTab } from './conversations.js';
import { copyOnClick } from './code.js';
import { requestFields } from './settings.js';
import { t } from './words.js';

/** How often what has come is kept: a reload reads the rest from the server again. */
const KEEP_MS = 400;
const TITLE_CHARS = 60;

const thread = byId('thread');
const scroll = byId('scroll');
const question = byId('question');

let conversation = newConversation();
let answering = null;
let onChange = () => {};

export const currentConversation = () => conversation;
export const isAnswering = () => answering !== null;

/** @param changed is called when the conversation's title or its place in the list may have changed */
export function startChat(changed) {
  onChange = changed;
}

export async function openConversation(id) {
  leave();
  conversation = (id && (await findConversation(id))) || newConversation();
  showAll();
}

/** Stops reading; the generation goes on for a while, and so does the conversation that comes back to it. */
function leave() {
  const mine = answering;
  answering = null;
  if (!mine) return;
  clearTimeout(mine.keeping);
  mine.reader?.close();
  keep(mine.conversation, false);
}

/** The conversation is deleted: so is what is still being written for it. */
export function forget() {
  const mine = answering;
  answering = null;
  if (!mine) return;
  clearTimeout(mine.keeping);
  mine.reader?.close();
  if (mine.answer.stream) cancel(mine.answer.stream);
}

export function showAll() {
  const live = answering;
  thread.replaceChildren();
  for (const message of conversation.messages) {
    const view = message.role === 'user' ? null : new AnswerView();
    thread.append(view ? view.node : questionView(message));
    view?.update(message);
    if (view && live?.answer === message) live.view = view;
  }
  markLast();
  toEnd();
  const last = conversation.messages.at(-1);
  if (!live && last?.role === 'assistant' && isOpen(last)) resume(last);
}

function markLast() {
  const empty = conversation.messages.length === 0;
  byId('empty').hidden = !empty;
  byId('export-open').hidden = empty || byId('view-chat').hidden;
  thread.querySelectorAll('[data-last]').forEach((node) => delete node.dataset.last);
  for (const kind of ['.question', '.answer']) {
    const all = thread.querySelectorAll(kind);
    if (all.length > 0) all[all.length - 1].dataset.last = '';
  }
  byId('send').hidden = answering !== null;
  byId('stop').hidden = answering === null;
}

export function ask(text) {
  if (answering || text.trim() === '') return;
  conversation.messages.push({ role: 'user', content: text });
  conversation.title ||= text.trim().replace(/\s+/g, ' ').slice(0, TITLE_CHARS);
  thread.append(questionView(conversation.messages.at(-1)));
  askModel();
}

/** Asks what the conversation ends with. */
async function askModel() {
  const answer = newAnswer();
  const body = { kind: 'chat', messages: conversation.messages.map(asMessage).filter(Boolean), ...requestFields() };
  conversation.messages.push(answer);
  const mine = show(answer, new Run({ request: { method: 'POST', path: 'streams', body } }));
  announce(t('answerBegins'));
  let stopped = false;
  mine.run.stop = () => {
    stopped = true;
  };
  try {
    answer.stream = await begin(body);
  } catch (refused) {
    end(mine, 'failed', refused instanceof Refused ? refused : { code: 'internal', message: String(refused) });
    return;
  }
  if (stopped) cancel(answer.stream);
  if (answering === mine) read(mine);
  await keepNow(mine, true);
}

/** A message as the model is to see it; what failed before its first word is left out. */
function asMessage(message) {
  if (message.role === 'user') return { role: 'user', content: message.content };
  return message.text ? { role: 'assistant', content: message.text } : null;
}

function resume(answer) {
  const request = { path: `streams/${answer.stream}?after=-1` };
  const mine = show(answer, new Run({ request, startedAt: answer.askedAt }), thread.lastElementChild);
  mine.run.firstTokenAt = answer.ttft;
  if (answer.stream) read(mine);
  else end(mine, 'failed', { code: 'lost', message: t('lost') });
}

function show(answer, run, instead = null) {
  const view = new AnswerView();
  if (instead) instead.replaceWith(view.node);
  else thread.append(view.node);
  const mine = { conversation, answer, run, view, reader: null, keeping: 0, draw: null };
  mine.draw = eachFrame(() => {
    const stick = atEnd();
    mine.view.update(answer);
    if (stick) toEnd();
  });
  answering = mine;
  view.update(answer);
  markLast();
  toEnd();
  return mine;
}

function read(mine) {
  const { answer, run } = mine;
  mine.reader = follow(run, {
    stream: answer.stream,
    after: answer.index,
    onEvent(event) {
      applyEvent(answer, event);
      mine.draw();
      mine.keeping ||= setTimeout(() => {
        mine.keeping = 0;
        if (answering === mine) keepNow(mine, false);
      }, KEEP_MS);
    },
    onEnd: (state, refusal) => end(mine, state, refusal),
  });
}

function end(mine, state, refusal) {
  const { answer, run, view } = mine;
  if (refusal) fail(answer, refusal);
  run.enter(state);
  clearTimeout(mine.keeping);
  const stick = atEnd();
  if (answering === mine) answering = null;
  view.update(answer);
  markLast();
  if (stick) toEnd();
  mine.conversation.updatedAt = Date.now();
  keepNow(mine, true);
  announce({
    complete: t('answerComplete'),
    cancelled: t('answerCancelled'),
    failed: t('answerFailed', { message: answer.error ? failureText(answer.error) : '' }),
  }[state]);
}

async function keepNow(mine, tellOthers) {
  await keep(mine.conversation, tellOthers);
  if (tellOthers) onChange();
}

export function stop() {
  answering?.run.stop();
}

/** Takes back everything from the last question on, and asks `text`, or the same again. */
function askAgain(text) {
  if (answering) return;
  const at = conversation.messages.findLastIndex((message) => message.role === 'user');
  if (at < 0) return;
  conversation.messages.length = at + 1;
  conversation.messages[at].content = text ?? conversation.messages[at].content;
  if (at === 0) conversation.title = conversation.messages[0].content.trim().slice(0, TITLE_CHARS);
  showAll();
  askModel();
}

function edit() {
  const node = thread.querySelector('.question[data-last]');
  if (!node || answering) return;
  const message = conversation.messages.findLast((each) => each.role === 'user');
  const form = editor(message.content, {
    onAsk: (text) => {
      askAgain(text);
      question.focus();
    },
    onCancel: () => {
      form.replaceWith(node);
      question.focus();
    },
  });
  node.replaceWith(form);
  const area = form.querySelector('textarea');
  growing(area);
  area.focus();
}

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

scroll.addEventListener('scroll', () => {
  byId('to-end').hidden = atEnd();
}, { passive: true });
byId('to-end').addEventListener('click', () => {
  toEnd();
  question.focus();
});

thread.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]');
  if (!button) return;
  const message = conversation.messages[[...thread.children].indexOf(button.closest('article'))];
  const act = {
    copy: () => copy(message.content ?? (message.text || message.refusal), button),
    edit,
    again: () => askAgain(),
    retry: () => askAgain(),
  }[button.dataset.act];
  act();
});
copyOnClick(thread);

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = question.value;
  if (answering || text.trim() === '') return;
  question.value = '';
  question.dispatchEvent(new Event('input'));
  ask(text);
});
question.addEventListener('keydown', (event) => {
  // While a Korean or Chinese word is being composed, Enter chooses it.
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId('composer').requestSubmit();
  } else if (event.key === 'ArrowUp' && question.value === '') {
    event.preventDefault();
    edit();
  }
});
growing(question);
byId('stop').addEventListener('click', stop);

onOtherTab(async (id) => {
  if (id !== conversation.id || answering) return;
  const theirs = await findConversation(id);
  if (!theirs || answering) return;
  conversation = theirs;
  showAll();
});
addEventListener('pagehide', () => answering && keep(conversation, false));
