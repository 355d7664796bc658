/** What the browser keeps for the page. Where it may keep nothing, or has no room, it lasts as long as the tab. */
export const local = storage('localStorage');
export const session = storage('sessionStorage');

function storage(name) {
  const kept = new Map();
  const given = own(name);
  return {
    getItem: (key) => kept.get(key) ?? given?.getItem(key) ?? null,
    setItem(key, value) {
      kept.set(key, value);
      try {
        given?.setItem(key, value);
        if (given) kept.delete(key);
      } catch {
        // There is no room: other pages of the same host and port share it.
      }
    },
    removeItem(key) {
      kept.delete(key);
      given?.removeItem(key);
    },
  };
}

/** Null where there is none; where it is forbidden even to look throws. */
function own(name) {
  try {
    return globalThis[name];
  } catch {
    return null;
  }
}
