/** The request of a run for the shell. */

/** A longer body takes long to lay out, and a shell takes no argument beyond 128 KiB. */
const MOST_CHARS = 4000;

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** @param whole whether it is to be run, or only looked at */
export function curlLine({ method = 'GET', path, body }, whole) {
  const url = quote(new URL(path, location.href.split('#')[0]).href);
  if (method === 'GET') return `curl -N ${url}`;
  const line = `curl -N ${url} \\\n  -H 'Content-Type: application/json' \\\n  -d `;
  const json = JSON.stringify(body);
  if (json.length <= MOST_CHARS) return line + quote(json);
  return line + (whole ? `@- <<'EOF'\n${json}\nEOF` : quote(`${json.slice(0, MOST_CHARS)}…`));
}
