/** Brings a tree of nodes to what another one is, in place. */

/** Makes `old` equal to `fresh` with the fewest changes; false if it is another kind of node. */
export function patch(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return false;
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) {
      if (fresh.data.startsWith(old.data)) old.appendData(fresh.data.slice(old.data.length));
      else old.data = fresh.data;
    }
    return true;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const children = [...fresh.childNodes];
  children.forEach((child, i) => {
    const known = old.childNodes[i];
    if (!known) old.append(child);
    else if (!patch(known, child)) known.replaceWith(child);
  });
  while (old.childNodes.length > children.length) old.lastChild.remove();
  return true;
}
