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

/** Before each further try to begin or to end a stream; a network that is away for longer is told to the user. */
const TRY_AGAIN_MS = [300, 1500];

/**
 * Begins a stream and answers its id, before the first token: from here on nothing is lost by a cut or a reload. (One
 * request that both begins and streams is held back until there is something to say, and its id with it.)
 */
export async function begin(body, key = randomId()) {
  // With a key, a request whose answer was lost can be sent again: it finds the stream that it had begun.
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body),
  };
  for (const waitMs of [...TRY_AGAIN_MS, null]) {
    try {
      const response = await fetch(`${BASE}/streams`, request);
      if (response.ok) return (await response.json()).stream;
      throw await refusalOf(response);
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (waitMs === null) break;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  throw new Refused({ code: 'unreachable', message: '', retryable: true });
}

/** Beyond guessing, also where there is no `crypto.randomUUID`: on a page of plain HTTP from another machine. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Told to the window when the server no longer knows who calls. */
export const SIGNED_OUT = 'rivulet-signed-out';

/** What a failed answer says. */
export async function refusalOf(response) {
  if (response.status === 401) dispatchEvent(new Event(SIGNED_OUT));
  return told(response);
}

async function told(response) {
  const { error } = await response.json().catch(() => ({}));
  return new Refused({
    code: error?.code ?? `http_${response.status}`,
    message: error?.message ?? `HTTP ${response.status}`,
    retryable: response.status === 429 || response.status >= 500,
  });
}

/** Ends a generation; its stream then ends in `done` with `cancelled`. False if the server could not be told. */
export async function cancel(stream) {
  for (const waitMs of [...TRY_AGAIN_MS, null]) {
    const status = await fetch(`${BASE}/streams/${stream}`, { method: 'DELETE', keepalive: true }).then((response) => response.status, () => 503);
    // What is over already needs no end.
    if (status < 300 || status === 404 || status === 409) return true;
    if (waitMs === null || (status < 500 && status !== 429)) return false;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** `{default, models}`. */
export async function models() {
  const response = await fetch(`${BASE}/models`);
  return response.ok ? response.json() : { default: '', models: [] };
}

/** `{required, name}`: whether callers must say who they are, and who this one is. */
export async function session() {
  return (await fetch(`${BASE}/sign-in`)).json();
}

/** Exchanges a token for a cookie that scripts cannot read. */
export async function signIn(token) {
  const response = await fetch(`${BASE}/sign-in`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (!response.ok) throw await told(response);
}

export function signOut() {
  return fetch(`${BASE}/sign-out`, { method: 'POST' }).catch(() => {});
}

export async function health() {
  return (await fetch(`${BASE}/health`)).json();
}
