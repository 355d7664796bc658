/**
 * The lines of a body, as they come: for NDJSON read with fetch. Needs no other file: copy it.
 *
 * A read ends where the network ends it, also inside a line and inside a character; so the decoder keeps half a
 * character, and the rest of a line waits for its end.
 */
export async function* readLines(body, onRead = () => {}) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop();
      onRead({ bytes: value.length, lines: lines.length });
      yield* lines.filter((line) => line !== '');
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    reader.cancel().catch(() => {});
  }
}
