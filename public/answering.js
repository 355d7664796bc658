/**
 * One answer while it is being written: asked for, read, kept, shown to its end.
 *
 * Its stream id is kept before its first token, and its position with its text, in one write: whoever opens the
 * conversation again, after a reload or in another tab, goes on after the last event that the text holds.
 */
import { Refused, begin } from './api.js';
import { Run, endStream, follow } from './run.js';
import { AnswerView } from './message.js';
import { applyEvent, fail, newAnswer } from './answer.js';
import { announce, eachFrame } from './dom.js';
import { findConversation, keep } from './conversations.js';
import { t } from './words.js';

/** How often what has come is kept: a reload reads the rest from the server again. */
const KEEP_MS = 400;
/** For so long a server surely knows a question that it was asked before. */
const KNOWN_MS = 60_000;

export class Answering {
  view = new AnswerView();
  #conversation;
  #reader = null;
  #keeping = 0;
  #left = false;
  #keeps = true;
  #draw;
  #onEnd;
  #onKept;
  #onSignedOut;

  /**
   * @param onKept the conversation was kept, and may be listed or named anew
   * @param onEnd is told `complete`, `failed` or `cancelled`; the answer is shown and kept by then
   * @param onSignedOut the server no longer knows who reads; the answer is left open
   */
  constructor(conversation, answer, run, { onKept, onEnd, onSignedOut }) {
    this.answer = answer;
    this.run = run;
    this.#conversation = conversation;
    this.#onKept = onKept;
    this.#onEnd = onEnd;
    this.#onSignedOut = onSignedOut;
    this.#draw = eachFrame(() => this.view.update(answer));
    this.view.update(answer);
  }

  /** Asks what the conversation ends with; its answer is added to it. */
  static ask(conversation, fields, hooks, key) {
    const answer = newAnswer(key);
    conversation.messages.push(answer);
    return Answering.#askFor(conversation, answer, fields, hooks);
  }

  static #askFor(conversation, answer, fields, hooks) {
    const body = { kind: 'chat', messages: asTurns(conversation.messages.slice(0, -1)), ...fields };
    const request = { method: 'POST', path: 'streams', body };
    const mine = new Answering(conversation, answer, new Run({ request, startedAt: answer.askedAt }), hooks);
    mine.#begin(body);
    return mine;
  }

  /** Goes on with an answer that was left open, even before its stream was known. */
  static resume(conversation, answer, fields, hooks) {
    if (!answer.stream && Date.now() - answer.askedAt < KNOWN_MS) return Answering.#askFor(conversation, answer, fields, hooks);
    const request = { path: `streams/${answer.stream}?after=-1` };
    const mine = new Answering(conversation, answer, new Run({ request, startedAt: answer.askedAt }), hooks);
    mine.run.firstTokenAt = answer.ttft;
    // Not before the caller has it.
    queueMicrotask(() => (answer.stream ? mine.#read() : mine.#end('failed', { code: 'lost', message: t('lost') })));
    return mine;
  }

  stop() {
    this.run.stop();
  }

  /** Reads no further; the generation goes on for a while, for whoever comes back. */
  leave() {
    this.#readNoFurther();
    keep(this.#conversation, false);
  }

  /** The conversation is deleted, and so is what is still being written for it. */
  forget() {
    this.letGo();
    if (this.answer.stream) endStream(this.answer.stream);
    // Its id is still to come.
    else this.run.stop();
  }

  /** Writes down where the reading is. */
  keepPlace() {
    keep(this.#conversation, false);
  }

  /** Reads no further, and keeps nothing. */
  letGo() {
    this.#keeps = false;
    this.#readNoFurther();
  }

  #readNoFurther() {
    this.#left = true;
    clearTimeout(this.#keeping);
    if (this.#reader) this.#reader.close();
    else this.run.enter('left');
  }

  async #begin(body) {
    let stopped = false;
    this.run.stop = () => {
      stopped = true;
      this.answer.state = 'cancelled';
      this.answer.finish = 'cancelled';
      this.#end('cancelled');
    };
    this.#keep(false);
    try {
      this.answer.stream = await begin(body, this.answer.key);
    } catch (refused) {
      if (!stopped) this.#end('failed', refused instanceof Refused ? refused : { code: 'internal', message: String(refused) });
      // It may have arrived all the same, and then it goes on.
      else if (refused.code === 'unreachable') announce(t('notStopped'), true);
      return;
    }
    if (stopped) endStream(this.answer.stream);
    else if (!this.#left) this.#read();
    if (this.#keeps) await (this.#left ? this.#keepStream() : this.#keep());
  }

  /** Whoever came back meanwhile has the conversation anew: kept as it is here, it would take back what was said since. */
  async #keepStream() {
    const theirs = await findConversation(this.#conversation.id);
    const answer = theirs?.messages.find(({ key }) => key === this.answer.key);
    if (!answer || answer.stream) return;
    answer.stream = this.answer.stream;
    await keep(theirs);
    this.#onKept();
  }

  #read() {
    const { answer } = this;
    this.#reader = follow(this.run, {
      stream: answer.stream,
      after: answer.index,
      onEvent: (event) => {
        applyEvent(answer, event);
        this.#draw();
        this.#keeping ||= setTimeout(() => {
          this.#keeping = 0;
          this.keepPlace();
        }, KEEP_MS);
      },
      onEnd: (state, refusal) => (refusal?.status === 401 ? this.#onSignedOut() : this.#end(state, refusal)),
    });
  }

  #end(state, refusal) {
    if (refusal) fail(this.answer, refusal);
    this.run.enter(state);
    clearTimeout(this.#keeping);
    this.#conversation.updatedAt = Date.now();
    if (!this.#left) this.#onEnd(state, this);
    this.#keep();
  }

  async #keep(tellOthers = true) {
    await keep(this.#conversation, tellOthers);
    this.#onKept();
  }
}

/** Errors for what a question says, or for its length: it would be refused with the next one, too. */
const REJECTIONS = new Set(['upstream_rejected', 'body_too_large']);

/**
 * What the model is to see: a question that was rejected is left out, as is whatever failed before its first word. What was
 * asked before and after that is one turn, since many models take nothing but turns.
 */
function asTurns(messages) {
  const turns = [];
  for (const [at, { role, content, text, refusal }] of messages.entries()) {
    const answer = messages[at + 1];
    if (role === 'user' && answer?.text === '' && REJECTIONS.has(answer.error?.code)) continue;
    const words = role === 'user' ? content : text || refusal;
    const last = turns.at(-1);
    if (words && last?.role === role) last.content += `\n\n${words}`;
    else if (words) turns.push({ role, content: words });
  }
  return turns;
}
