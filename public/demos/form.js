/**
 * A document shown as a form while it is written: `{path, value}` sets the member at a JSON Pointer (RFC 6901),
 * `{path, delta}` appends to the string there. Each event costs as much as it brings.
 */
import { element } from '../dom.js';

export class DocumentForm {
  #root;
  #nodes = new Map();

  constructor(root) {
    this.#root = root;
  }

  clear() {
    this.#root.replaceChildren();
    this.#nodes.clear();
  }

  apply({ path, value, delta }) {
    if (delta !== undefined) {
      this.#nodes.get(path)?.append(delta);
      return;
    }
    const slot = this.#slot(path);
    slot.replaceChildren(this.#shown(path, value));
  }

  /** Shows a document as far as it is known, in place of the steps that built it. */
  show(value, path = '') {
    if (path === '') this.clear();
    if (value === undefined) return;
    this.apply({ path, value });
    if (value === null || typeof value !== 'object') return;
    for (const [key, member] of Object.entries(value)) {
      this.show(member, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    }
  }

  /** Where a member's value goes: a labelled row in an object, an item in a list. */
  #slot(path) {
    if (path === '') return this.#root;
    const cut = path.lastIndexOf('/');
    const parent = this.#nodes.get(path.slice(0, cut)) ?? this.#root;
    const key = path.slice(cut + 1).replaceAll('~1', '/').replaceAll('~0', '~');
    const known = this.#nodes.get(`${path}\0slot`);
    // Not one of a container that was replaced since, by a member of the same name.
    if (known && parent.contains(known)) return known;
    const row = element(parent.matches('ol') ? 'li' : 'div', 'member');
    const slot = element('div', 'value');
    if (!parent.matches('ol')) row.append(element('span', 'key', key));
    row.append(slot);
    parent.append(row);
    this.#nodes.set(`${path}\0slot`, slot);
    return slot;
  }

  #shown(path, value) {
    const node = Array.isArray(value) ? element('ol')
      : value !== null && typeof value === 'object' ? element('div', 'object')
      : element('span', typeof value === 'string' ? 'string' : 'literal', typeof value === 'string' ? '' : String(value));
    if (typeof value === 'string') {
      node.dir = 'auto';
      node.append(value);
    }
    this.#nodes.set(path, node);
    return node;
  }
}
