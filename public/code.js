/** Code in an answer: its language's name, a button that copies it, and its colours once it is finished. */
import { copy, element, svg } from './dom.js';
import { t } from './words.js';

/** Beyond this, colours cost more time than they are worth. */
const MOST_CHARS = 30_000;
/** So much is coloured in any case. */
const FIRST_CHARS = 4000;
/** What its beginning may take: usual code takes a tenth. */
const MOST_MS = 200;

/** Gives each code block its head, and each table a box of its own to scroll in. */
export function decorate(fragment) {
  for (const pre of fragment.querySelectorAll('pre')) {
    const language = /language-(\S+)/.exec(pre.firstElementChild?.className ?? '')?.[1] ?? '';
    const box = element('div', 'code');
    const head = element('div', 'code-head');
    const button = element('button', 'text copy-code');
    button.type = 'button';
    const icon = svg('svg', { 'aria-hidden': 'true' });
    icon.append(svg('use', { href: '#i-copy' }));
    button.append(icon, element('span', '', t('copy')));
    head.append(element('span', '', language), button);
    pre.replaceWith(box);
    pre.tabIndex = 0;
    box.append(head, pre);
  }
  for (const table of fragment.querySelectorAll('table')) {
    const box = element('div', 'table');
    box.tabIndex = 0;
    table.replaceWith(box);
    box.append(table);
  }
}

/** Colours the finished code blocks. */
export function highlightIn(fragment) {
  const { hljs, DOMPurify } = globalThis;
  if (!hljs) return;
  for (const code of fragment.querySelectorAll('pre > code[class*=language-]')) {
    const language = /language-(\S+)/.exec(code.className)[1].toLowerCase();
    const text = code.textContent;
    if (!hljs.getLanguage(language) || text.length > MOST_CHARS) continue;
    const html = coloured(text, language);
    if (html === null) continue;
    code.replaceChildren(DOMPurify.sanitize(html, { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true }));
  }
}

/** Null where it would take too long: of words without end, or one, the effort grows with the square, and cannot be ended. */
function coloured(text, language) {
  const { hljs } = globalThis;
  const options = { language, ignoreIllegals: true };
  for (let most = FIRST_CHARS; most < text.length; most *= 2) {
    const begin = performance.now();
    hljs.highlight(text.slice(0, most), options);
    if (performance.now() - begin > MOST_MS) return null;
  }
  return hljs.highlight(text, options).value;
}

/** One listener for all the blocks there will ever be. */
export function copyOnClick(root) {
  root.addEventListener('click', (event) => {
    const button = event.target.closest('.copy-code');
    if (button) copy(button.closest('.code').querySelector('code').textContent, button);
  });
}
