/** The server's routes, as the page uses them. Relative, so that it also works under a path behind a proxy. */

/** A request that the server refused, in its own words. */
export class Refused extends Error {
  constructor({ code, message, retryable }) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

export const BASE = new URL('.', location.href.split('#')[0]).href.replace(/\/$/, '');

/**
 * Begins a stream and answers its id, before the first token: from here on nothing is lost by a cut or a reload. (One
 * request that both begins and streams is held back until there is something to say, and its id with it.)
 */
export async function begin(body) {
  let response;
  try {
    response = await fetch(`${BASE}/streams`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused({ code: 'unreachable', message: '', retryable: true });
  }
  if (response.ok) return (await response.json()).stream;
  throw await refusalOf(response);
}

/** What a failed answer says. */
export async function refusalOf(response) {
  const { error } = await response.json().catch(() => ({}));
  return new Refused({
    code: error?.code ?? `http_${response.status}`,
    message: error?.message ?? `HTTP ${response.status}`,
    retryable: response.status === 429 || response.status >= 500,
  });
}

/** Ends a generation; its stream then ends in `done` with `cancelled`. */
export function cancel(stream) {
  return fetch(`${BASE}/streams/${stream}`, { method: 'DELETE', keepalive: true }).catch(() => {});
}

/** `{default, models}`. */
export async function models() {
  const response = await fetch(`${BASE}/models`);
  return response.ok ? response.json() : { default: '', models: [] };
}

export async function health() {
  return (await fetch(`${BASE}/health`)).json();
}
