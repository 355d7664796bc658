/**
 * Markdown to nodes.
 *
 * Nothing that a model writes is trusted: raw HTML is shown as text, links lead to http, https and mailto only, images
 * become links (fetching one would tell its server what was asked), and DOMPurify looks at all of it once more.
 */
import { Marked } from './vendor/marked.esm.js';
import './vendor/purify.min.js';
import { decorate } from './code.js';

const { DOMPurify } = globalThis;
const SAFE_TAG = /^<\/?(?:br|sub|sup|kbd|mark|u|s|small)\s*\/?>$/i;

/** A paragraph, a cell or a title longer than this is shown as it is. */
const MOST_INLINE = 30_000;
/** What may be spent on a text: a usual one takes a tenth of a microsecond for each of its characters. */
const MOST_MS = 300;
const MOST_MS_PER_CHAR = 0.003;
/** What counts of one step: a machine that is held up elsewhere is not the text's fault. */
const MOST_STEP_MS = 50;

const escape = (text) =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const CJK = String.raw`[\p{scx=Han}\p{scx=Hang}\p{scx=Hira}\p{scx=Kana}]`;
const SIGN = String.raw`(?!\*)[\p{P}\p{S}]`;
/** A letter of a script without spaces, with asterisks and a sign beside it. */
const CJK_AT_EMPHASIS = new RegExp(String.raw`(?<=${SIGN}\*+)${CJK}|${CJK}(?=\*+${SIGN})`, 'gu');
const ENDS_IN_CJK = new RegExp(`${CJK}$`, 'u');
/** Where an address in such a text ends: `https://a.example를`, `https://a.example，然后`. */
const ADDRESS_END = new RegExp(String.raw`(?<=\w)${CJK}|[“”‘’\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff5e]`, 'u');

const marked = new Marked({
  gfm: true,
  // In `**SSE(…)**는` the asterisks would open, and never close: CommonMark asks for a space. As its CJK-friendly amendment
  // (https://github.com/tats-u/markdown-cjk-friendly) has it, a letter of these scripts will do.
  hooks: {
    emStrongMask: (text) => text.replace(CJK_AT_EMPHASIS, (letter) => '.'.repeat(letter.length)),
  },
  tokenizer: {
    emStrong(text, masked, before) {
      return text[0] === '*' && ENDS_IN_CJK.test(before) && marked.Tokenizer.prototype.emStrong.call(this, text, masked, '.');
    },
    url(text) {
      const { url } = marked.Tokenizer.prototype;
      const link = url.call(this, text);
      const end = link ? link.raw.search(ADDRESS_END) : -1;
      return end < 0 ? link : url.call(this, text.slice(0, end));
    },
  },
  renderer: {
    html({ text, block }) {
      if (SAFE_TAG.test(text.trim())) return text;
      return block ? `<p class="raw">${escape(text.trimEnd())}</p>` : escape(text);
    },
    image({ href, text }) {
      return `<a href="${escape(href)}">${escape(text || href)}</a>`;
    },
    checkbox({ checked }) {
      return checked ? '☑ ' : '☐ ';
    },
  },
  extensions: [tooMuch('block'), tooMuch('inline')],
});

/**
 * The rest of a text that has taken too long, as it is: marked's effort grows with the square of some texts, and with the
 * cube of others; eight thousand characters of `[a](` hold up the page for ten seconds.
 */
function tooMuch(level) {
  return {
    name: `${level}Rest`,
    level,
    tokenizer(src) {
      return this.lexer.late() ? { type: `${level}Rest`, raw: src, text: src } : undefined;
    },
    renderer: ({ text }) => (level === 'block' ? `<p>${escape(text)}</p>` : escape(text)),
  };
}

/** Looks at the time before each step: a step by itself is short, once no text is too long. */
class BoundedLexer extends marked.Lexer {
  #left = Infinity;
  #last = performance.now();

  lex(text) {
    this.#left = MOST_MS + MOST_MS_PER_CHAR * text.length;
    return super.lex(text);
  }

  late() {
    const now = performance.now();
    this.#left -= Math.min(now - this.#last, MOST_STEP_MS);
    this.#last = now;
    return this.#left < 0;
  }

  inlineTokens(text, tokens = []) {
    if (text.length <= MOST_INLINE && !this.late()) return super.inlineTokens(text, tokens);
    tokens.push({ type: 'inlineRest', raw: text, text });
    return tokens;
  }
}

const PURIFY = {
  ALLOWED_TAGS: ['a', 'b', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'kbd',
    'li', 'mark', 'ol', 'p', 'pre', 's', 'small', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'u', 'ul'],
  ALLOWED_ATTR: ['href', 'title', 'start', 'align', 'class'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  // Else they would have to be addresses, too.
  ADD_URI_SAFE_ATTR: ['start', 'align'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/**
 * The blocks of a text.
 *
 * @param links the references that earlier text has defined, `[name]: address`; the answer's `links` has them all
 */
export function lex(text, links) {
  const lexer = new BoundedLexer(marked.defaults);
  Object.assign(lexer.tokens.links, links);
  try {
    return lexer.lex(text);
  } catch {
    // Nested deeper than the stack is: nobody could read it otherwise either.
    return Object.assign([{ type: 'paragraph', raw: text, text, tokens: [{ type: 'text', raw: text, text }] }], { links });
  }
}

/** What blocks look like: safe to put into the page. */
export function fragmentOf(tokens) {
  const html = tokens.length === 0 ? '' : marked.parser(tokens);
  const fragment = DOMPurify.sanitize(html, PURIFY);
  // White space between blocks is no node that anyone sees, and would come between those that are compared.
  for (const node of [...fragment.childNodes]) {
    if (node.nodeType === Node.TEXT_NODE && node.data.trim() === '') node.remove();
  }
  for (const link of fragment.querySelectorAll('a[href]')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  // An entity in a fence's language is a space by now: what stands behind it would be a class of the page's own.
  for (const code of fragment.querySelectorAll('[class]')) code.className = code.classList[0];
  decorate(fragment);
  for (const block of fragment.children) {
    // Each by its own first letter: an Arabic list in an English answer is set right too.
    if (!block.matches('.code')) block.dir = 'auto';
  }
  return fragment;
}
