/** The few things that the page does with the DOM again and again. */
import { translate, t } from './words.js';

export const byId = (id) => document.getElementById(id);

/** A copy of a template, in the language in use. */
export function clone(id) {
  const copy = byId(id).content.firstElementChild.cloneNode(true);
  translate(copy);
  return copy;
}

/** An element with a class and text. */
export function element(name, className = '', text = '') {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export function svg(name, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** Runs at most once a frame, however often it is called. */
export function eachFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

const announced = byId('announce');

/**
 * Tells screen readers, once; tokens are never read out one by one.
 *
 * @param seen whether everyone is to see it, until the next word
 */
export function announce(text, seen = false) {
  announced.className = seen ? 'toast' : 'sr';
  announced.textContent = text;
}

/** Copies, and says so on the button for a moment. */
export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Outside a secure context there is no clipboard but this old one.
    const area = element('textarea', 'sr');
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    button.focus();
    if (!copied) return;
  }
  announce(t('copied'));
  button.dataset.copied = '';
  const use = button.querySelector('use');
  use?.setAttribute('href', '#i-check');
  setTimeout(() => {
    delete button.dataset.copied;
    use?.setAttribute('href', '#i-copy');
  }, 1500);
}

/**
 * Whether a key belongs to a word that is still being composed, as Korean and Chinese ones are: Enter chooses it then, and
 * Escape drops it. Safari tells the key that ends it after its end, and only by this code.
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** Lets a textarea be as high as its text. */
export function growing(area) {
  // `field-sizing: content` does it where it is known, without a layout for each key.
  if (CSS.supports('field-sizing', 'content')) return;
  const fit = () => {
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  };
  area.addEventListener('input', fit);
  fit();
}
