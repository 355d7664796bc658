/** The request of a run as a line for the shell. */

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

export function curlLine({ method = 'GET', path, body }) {
  const url = quote(new URL(path, location.href.split('#')[0]).href);
  if (method === 'GET') return `curl -N ${url}`;
  return `curl -N ${url} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quote(JSON.stringify(body))}`;
}
