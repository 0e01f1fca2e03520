// Calls of the admin service, by the Connect protocol in JSON: one message each way, or a stream of answers.

import { envelope, envelopes } from './envelope.js';
import { forgetToken, token } from './token.js';

/** How many entries of a list are asked for at a time. */
const PAGE = 10000;

const SERVICE = '/protod.admin.v1.AdminService/';

/** A call that failed: with a code of gRPC as Connect writes it, as in `not_found`. */
export class CallError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }

  /** Whether the server did not answer at all. */
  get isAway() {
    return this.code === 'away';
  }

  /** Whether the server wants another token. */
  get wantsToken() {
    return this.code === 'unauthenticated';
  }
}

/** Those who want to know how each call went: functions of the error, or of null. */
const listeners = new Set();

export function onOutcome(listener) {
  listeners.add(listener);
}

function tell(error) {
  for (const listener of listeners) listener(error);
}

function fail(error) {
  if (error.wantsToken) forgetToken();
  tell(error);
  throw error;
}

async function post(method, contentType, body, signal) {
  const headers = { 'content-type': contentType, 'connect-protocol-version': '1' };
  const secret = token();
  if (secret) headers.authorization = `Bearer ${secret}`;
  const options = { method: 'POST', headers, body, signal, cache: 'no-store', credentials: 'omit' };
  try {
    return await fetch(SERVICE + method, options);
  } catch (error) {
    if (signal?.aborted) throw error;
    return fail(new CallError('away', 'the server does not answer'));
  }
}

/** What a response says of its failure. */
async function errorOf(response) {
  const text = await response.text().catch(() => '');
  try {
    const { code, message } = JSON.parse(text);
    if (code) return new CallError(code, message ?? code);
  } catch {
    // It is no answer of Connect's.
  }
  const code = response.status === 401 ? 'unauthenticated' : 'unknown';
  return new CallError(code, text.trim() || `HTTP ${response.status}`);
}

/** Calls a method that answers once. */
export async function call(method, request = {}, signal = undefined) {
  const response = await post(method, 'application/json', JSON.stringify(request), signal);
  if (!response.ok) fail(await errorOf(response));
  try {
    const answer = await response.json();
    tell(null);
    return answer;
  } catch (error) {
    if (signal?.aborted) throw error;
    return fail(new CallError('away', 'the answer was cut off'));
  }
}

/** Calls a method that answers with a list in pages, until it has all of it: the first answer, with all entries in its field `list`. */
export async function callForList(method, list, request = {}, signal = undefined) {
  let page = await call(method, { ...request, pageSize: PAGE }, signal);
  const answer = { ...page, [list]: page[list] ?? [] };
  while (page.nextPageToken) {
    page = await call(method, { ...request, pageSize: PAGE, pageToken: page.nextPageToken }, signal);
    answer[list] = answer[list].concat(page[list] ?? []);
  }
  return answer;
}

/** Calls a method that takes a stream of requests and answers once. */
export async function callWith(method, requests, signal) {
  const body = new Blob(requests.map((request) => envelope(JSON.stringify(request))));
  let answer = {};
  for await (const message of answers(method, body, signal)) answer = message;
  return answer;
}

/** Calls a method that answers with a stream: `opened` is called when it has begun. */
export function stream(method, request, signal, opened = () => {}) {
  return answers(method, envelope(JSON.stringify(request)), signal, opened);
}

async function* answers(method, body, signal, opened = () => {}) {
  const response = await post(method, 'application/connect+json', body, signal);
  if (!response.ok) fail(await errorOf(response));
  tell(null);
  opened();
  try {
    for await (const { text, isEnd } of envelopes(response.body)) {
      const message = JSON.parse(text || '{}');
      if (!isEnd) {
        yield message;
        continue;
      }
      if (message.error) throw new CallError(message.error.code, message.error.message ?? message.error.code);
      return;
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    if (error instanceof CallError) fail(error);
    fail(new CallError('away', `the answer was cut off: ${error.message}`));
  }
  // A stream says how it ended.
  fail(new CallError('away', 'the answer was cut off'));
}
