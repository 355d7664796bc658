/** The interface's words in the language in use. Whatever a language lacks is said in English. */
import english from './words/en.js';
import { local } from './storage.js';

export const LANGUAGES = { en: 'English', ko: '한국어', zh: '中文', hu: 'Magyar' };

const CHOSEN = 'rivulet.language';
let words = english;

export const language = () => document.documentElement.lang;

/** A word, with `{name}` replaced by what `values` says. */
export function t(key, values = {}) {
  const text = words[key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** The language chosen before, else the browser's first that is known. */
export function preferredLanguage() {
  const chosen = local.getItem(CHOSEN);
  if (chosen in LANGUAGES) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? 'en';
}

/** Loads a language and puts it in place. */
export async function speak(tag, chosen = false) {
  words = tag === 'en' ? english : (await import(`./words/${tag}.js`)).default;
  if (chosen) local.setItem(CHOSEN, tag);
  document.documentElement.lang = tag;
  translate(document);
}

/** Puts the words where the markup asks for them. */
export function translate(root) {
  for (const node of root.querySelectorAll('[data-word]')) node.textContent = t(node.dataset.word);
  for (const node of root.querySelectorAll('[data-label]')) {
    node.setAttribute('aria-label', t(node.dataset.label));
    if (node.matches('button')) node.title = t(node.dataset.label);
  }
  for (const node of root.querySelectorAll('[data-placeholder]')) node.placeholder = t(node.dataset.placeholder);
}
