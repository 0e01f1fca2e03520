// One call: how it went and why, its messages in time, and its headers, trailers and status.

import { call } from './connect.js';
import { fill, h } from './dom.js';
import { block, bytes, code, dateAndTime, json, methodName, plural, span } from './format.js';
import { useInvocation } from './invoke.js';
import { messageItem, metadata } from './messages.js';
import { server } from './server.js';
import { chooseSession } from './session.js';

/** How often a call in flight is looked at again, in milliseconds. */
const INTERVAL = 1000;

/** Why the call was answered as it was. */
function why(recorded) {
  if (recorded.unmatched) {
    return h(
      'section',
      { class: 'why unmatched', 'aria-labelledby': 'why' },
      h('h3', { id: 'why' }, 'Why nothing answered it'),
      h('p', {}, recorded.unmatchedReason || recorded.message),
      h('p', {}, h('a', { href: `#/edit/call/${recorded.id}` }, 'Write a rule for it')),
    );
  }
  if (!recorded.rule) return null;
  const href = `#/rules/${encodeURIComponent(recorded.rule)}`;
  return h(
    'section',
    { class: 'why', 'aria-labelledby': 'why' },
    h('h3', { id: 'why' }, 'Why it was answered so'),
    h('p', {}, 'The rule ', h('a', { href }, recorded.rule), ' was the first that matched.'),
  );
}

function facts(recorded) {
  const times = recorded.duration ? span(recorded.duration) : 'in flight';
  const all = [
    ['Began', h('time', { datetime: recorded.start }, dateAndTime(recorded.start))],
    ['Took', times],
    ['Protocol', recorded.protocol],
    ['Client', recorded.peer || 'in the server’s own process'],
    ['Requests', `${recorded.requestCount ?? 0}, ${bytes(recorded.requestBytes)}`],
    ['Responses', `${recorded.responseCount ?? 0}, ${bytes(recorded.responseBytes)}`],
    ['Generation', recorded.generation ?? 0],
    recorded.session && ['Session', recorded.session],
    recorded.traceId && ['Trace', recorded.traceId],
  ];
  return h('dl', { class: 'facts' }, all.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function messages(recorded) {
  const all = recorded.messages ?? [];
  const items = all.map((message) => {
    const kept = message.json !== undefined || (message.wire ?? '') !== '' || Number(message.length ?? 0) === 0;
    return messageItem(message.direction === 'REQUEST', `+${span(message.at)}`, message.length, message.json ?? message.wire ?? {}, kept);
  });
  const left = Number(recorded.requestCount ?? 0) + Number(recorded.responseCount ?? 0) - all.length;
  return [
    h('h3', {}, 'Messages'),
    items.length > 0 ? h('ol', { class: 'messages' }, items) : h('p', { class: 'empty' }, 'None.'),
    left > 0 && h('p', { class: 'empty' }, `${plural(left, 'more message')} not kept.`),
  ];
}

function status(recorded) {
  if (!recorded.code) return null;
  const details = recorded.statusDetails ?? [];
  const isSaid = recorded.code === 'OK' || recorded.unmatched;
  if (details.length === 0 && (isSaid || !recorded.message)) return null;
  return [
    h('h3', {}, 'Status'),
    h('p', { class: 'status-line' }, code(recorded.code), ' ', recorded.message),
    details.length > 0 && block('Details of the status', json(details)),
  ];
}

/** Gives the requests of a call to the form. */
function callAgain(recorded) {
  const sent = (recorded.messages ?? []).filter(({ direction, json: value }) => direction === 'REQUEST' && value !== undefined);
  const own = /^(?::|grpc-|connect-|content-|te$|host$|user-agent$|accept|sec-|origin$|connection$|protod-session$)/;
  // If its session has ended, the call is of none.
  chooseSession(server.sessions.some(({ name }) => name === recorded.session) ? recorded.session : '');
  useInvocation({
    method: recorded.method,
    requests: sent.map((message) => message.json),
    headers: (recorded.requestHeaders ?? []).filter(({ name }) => !own.test(name)),
  });
  location.hash = `#/invoke/${recorded.method}`;
}

/** The call with an id; `end` stops looking at it. */
export function callDetail(id) {
  const element = h('div', { class: 'call' });
  const ending = new AbortController();
  const title = h('h2', { tabindex: '-1' }, `Call ${id}`);
  const top = h('p', { class: 'back' }, h('a', { href: '#/calls' }, '← All calls'));
  const content = h('div', { class: 'flow' });
  fill(element, top, h('div', { class: 'title' }, title), content);
  let shown = '';
  const load = async () => {
    try {
      const { call: recorded } = await call('GetCall', { id }, ending.signal);
      const now = JSON.stringify(recorded);
      if (now !== shown) show(recorded);
      shown = now;
      if (!recorded.code) setTimeout(() => !ending.signal.aborted && load(), INTERVAL);
    } catch (error) {
      if (!ending.signal.aborted) fill(content, h('p', { class: 'error' }, error.message));
    }
  };
  const show = (recorded) => {
    const again = h('button', { type: 'button', onclick: () => callAgain(recorded) }, 'Call again');
    fill(title, methodName(recorded.method));
    fill(
      content,
      h('p', { class: 'outcome' }, code(recorded.code), ' ', h('span', {}, `call ${recorded.id}`), again),
      why(recorded),
      facts(recorded),
      messages(recorded),
      status(recorded),
      metadata('Request headers', recorded.requestHeaders),
      metadata('Response headers', recorded.responseHeaders),
      metadata('Trailers', recorded.trailers),
    );
  };
  load();
  return { id, element, end: () => ending.abort() };
}
