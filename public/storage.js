/** What the browser keeps for the page. Where it may keep nothing, even to look throws: then it lasts as long as the tab. */
export const local = storage('localStorage');
export const session = storage('sessionStorage');

function storage(name) {
  try {
    return globalThis[name];
  } catch {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
    };
  }
}
