/** The chat: a conversation as a thread of questions and answers, and what can be done with it. */
import { announce, byId, copy, growing, isComposing } from './dom.js';
import { Answering } from './answering.js';
import { AnswerView, editor, failureText, questionView } from './message.js';
import { asText, isOpen } from './answer.js';
import { findConversation, newConversation, onOtherTab } from './conversations.js';
import { copyOnClick } from './code.js';
import { requestFields } from './settings.js';
import { signedIn } from './sign-in.js';
import { t } from './words.js';

const TITLE_CHARS = 60;
/** As near to the end as this, one is reading along. */
const NEAR_END_PX = 80;

const thread = byId('thread');
const scroll = byId('scroll');
const question = byId('question');

let conversation = newConversation();
/** The answer that is being written; null when none is. */
let answering = null;
let onChange = () => {};
/** Whether the thread stays at its end as it grows: until someone scrolls up. */
let following = true;
/** Where the thread stood when this was last looked at. */
let scrolledTo = 0;

export const currentConversation = () => conversation;
export const isAnswering = () => answering !== null;

/** @param changed is called when the conversation's title or its place in the list may have changed */
export function startChat(changed) {
  onChange = changed;
}

export async function openConversation(id) {
  answering?.leave();
  answering = null;
  conversation = (id && (await findConversation(id))) || newConversation();
  showAll();
}

/** Lets go of a conversation that is about to be deleted. */
export function forget() {
  answering?.forget();
  answering = null;
}

export function stop() {
  answering?.stop();
}

export function ask(text) {
  if (answering || text.trim() === '') return;
  // An editor left open would put its question in the place of this one.
  if (thread.querySelector('.editor')) showAll();
  conversation.messages.push({ role: 'user', content: text });
  conversation.title ||= titleOf(text);
  thread.append(questionView(conversation.messages.at(-1)));
  askModel();
}

// Half an emoji would be shown as none.
const titleOf = (text) => text.trim().replace(/\s+/g, ' ').slice(0, TITLE_CHARS).replace(/[\ud800-\udbff]$/, '');

const hooks = {
  onKept: () => onChange(),
  /** Whoever signs in again goes on with the answer. */
  async onSignedOut() {
    answering.leave();
    answering = null;
    await signedIn();
    if (!answering) showAll();
  },
  onEnd(state, { answer, view }) {
    if (answering?.answer === answer) answering = null;
    view.update(answer);
    markLast();
    announce({
      complete: t('answerComplete'),
      cancelled: t('answerCancelled'),
      failed: t('answerFailed', { message: answer.error ? failureText(answer.error) : '' }),
    }[state]);
  },
};

/** @param key of a question that may have arrived, though its answer did not */
function askModel(key) {
  answering = Answering.ask(conversation, requestFields(), hooks, key);
  thread.append(answering.view.node);
  markLast();
  toEnd();
  announce(t('answerBegins'));
}

/** Takes back everything from the last question on, and asks `text`, or the same again. */
function askAgain(text) {
  if (answering) return;
  const at = conversation.messages.findLastIndex((message) => message.role === 'user');
  if (at < 0) return;
  const { key, stream, error } = conversation.messages.at(-1);
  // It may be being generated: with the same key it is found, and not paid for twice.
  const lost = text === undefined && error?.code === 'unreachable' && !stream ? key : undefined;
  conversation.messages.length = at + 1;
  conversation.messages[at].content = text ?? conversation.messages[at].content;
  if (at === 0) conversation.title = titleOf(conversation.messages[0].content);
  // Only what changes: hundreds of answers take seconds to show.
  for (const node of [...thread.children].slice(at)) node.remove();
  thread.append(questionView(conversation.messages[at]));
  askModel(lost);
  byId('stop').focus();
}

/** Shows the conversation from its beginning; an answer that was left open is gone on with. */
export function showAll() {
  thread.replaceChildren(...conversation.messages.map((message) => {
    if (message.role === 'user') return questionView(message);
    const view = new AnswerView();
    view.update(message);
    if (answering?.answer === message) answering.view = view;
    return view.node;
  }));
  const last = conversation.messages.at(-1);
  if (!answering && last?.role === 'assistant' && isOpen(last)) {
    answering = Answering.resume(conversation, last, requestFields(), hooks);
    thread.lastElementChild.replaceWith(answering.view.node);
  }
  markLast();
  toEnd();
}

/** What only the last question and answer offer, and what there is to press now. */
function markLast() {
  const empty = conversation.messages.length === 0;
  byId('empty').hidden = !empty;
  byId('export-open').hidden = empty || byId('view-chat').hidden;
  for (const node of thread.querySelectorAll('[data-last]')) delete node.dataset.last;
  for (const kind of ['.question', '.answer']) {
    const last = [...thread.querySelectorAll(kind)].at(-1);
    if (last) last.dataset.last = '';
  }
  const [goes, stays] = answering ? ['send', 'stop'] : ['stop', 'send'];
  // A button that goes would take the focus with it.
  const focused = document.activeElement === byId(goes);
  byId(goes).hidden = true;
  byId(stays).hidden = false;
  if (focused) byId(stays).focus();
}

function edit() {
  const node = thread.querySelector('.question[data-last]');
  if (!node || answering) return;
  const message = conversation.messages.findLast((each) => each.role === 'user');
  const form = editor(message.content, {
    onAsk(text) {
      askAgain(text);
      question.focus();
    },
    onCancel() {
      form.replaceWith(node);
      question.focus();
    },
  });
  node.replaceWith(form);
  const area = form.querySelector('textarea');
  growing(area);
  area.focus();
}

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;

function toEnd() {
  following = true;
  scroll.scrollTop = scroll.scrollHeight;
  scrolledTo = scroll.scrollTop;
}

scroll.addEventListener('scroll', () => {
  // The event is told a frame late: what has come since then, too, leaves a gap to the end.
  following = atEnd() || (following && scroll.scrollTop >= scrolledTo);
  scrolledTo = scroll.scrollTop;
  byId('to-end').hidden = following;
}, { passive: true });
const sizes = new ResizeObserver(() => {
  if (following) toEnd();
  byId('to-end').hidden = following;
});
sizes.observe(thread);
sizes.observe(scroll);
byId('to-end').addEventListener('click', () => {
  toEnd();
  question.focus();
});

thread.addEventListener('click', (event) => {
  // Whoever unfolds the thoughts reads them from their beginning.
  if (event.target.closest('summary')) following = false;
  const button = event.target.closest('[data-act]');
  if (!button) return;
  const message = conversation.messages[[...thread.children].indexOf(button.closest('article'))];
  const acts = {
    copy: () => copy(message.content ?? asText(message), button),
    edit,
    again: () => askAgain(),
    retry: () => askAgain(),
  };
  acts[button.dataset.act]();
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
  if (isComposing(event)) return;
  if (event.key === 'Enter' && !event.shiftKey) {
    event.preventDefault();
    byId('composer').requestSubmit();
  } else if (event.key === 'ArrowUp' && question.value === '') {
    event.preventDefault();
    edit();
  }
});
growing(question);
// Stop comes to where Send was: a double click, and Enter held down, would end what they have just begun.
byId('stop').addEventListener('click', (event) => event.detail < 2 && stop());
byId('composer').addEventListener('keydown', (event) => {
  if (event.repeat && event.target !== question) event.preventDefault();
});

/** Two tabs that read one stream may time it differently. */
const words = ({ messages }) => JSON.stringify(messages, (key, value) => (['ttft', 'elapsed'].includes(key) ? undefined : value));
const sameWords = (one, other) => words(one) === words(other) && !(one.messages.at(-1)?.role === 'assistant' && isOpen(one.messages.at(-1)));

onOtherTab(async (id) => {
  if (id !== conversation.id) return;
  const theirs = await findConversation(id);
  if (id !== conversation.id) return;
  if (!theirs) {
    forget();
    await openConversation('');
    onChange();
  } else if (!answering && sameWords(theirs, conversation)) {
    // The same end was read here: shown anew, it would take the place, the selection and the focus of whoever reads.
  } else if (!answering || theirs.messages.at(-1).askedAt > answering.answer.askedAt) {
    // What is still read here is the past there: kept once more, it would take the place of what was asked since.
    answering?.letGo();
    answering = null;
    conversation = theirs;
    showAll();
  }
});
addEventListener('pagehide', () => answering?.keepPlace());
