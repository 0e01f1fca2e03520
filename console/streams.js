// The view of calls in flight: messages are sent into them, and they are ended.

import { call } from './connect.js';
import { field, fill, h, say } from './dom.js';
import { methodName, plural, span, time } from './format.js';
import { messageItem } from './messages.js';
import { listen, repeat, server } from './server.js';
import { ofSession, onSession } from './session.js';

/** How often the calls are asked for, in milliseconds. */
const INTERVAL = 1000;

/** How many of the last messages are shown. */
const MOST = 50;

const CODES = 'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(' ');

function row(open, chosen) {
  return h(
    'tr',
    { 'data-id': open.id },
    h('td', { class: 'time' }, time(open.start)),
    h('td', { class: 'method' }, h('a', { href: `#/streams/${open.id}`, 'aria-current': open.id === chosen ? 'true' : null }, methodName(open.method))),
    h('td', { class: 'number' }, `${open.requestCount ?? 0} in, ${open.responseCount ?? 0} out`),
    h('td', { class: 'protocol' }, open.peer || 'in process'),
  );
}

/** The forms for one call. */
function steer(id, signal) {
  const message = field('Message in JSON', h('textarea', { rows: '8', spellcheck: 'false', autocapitalize: 'off' }));
  const code = field('Code', h('select', {}, CODES.map((name) => h('option', { value: name }, name))));
  const text = field('Message of the status', h('input', { type: 'text' }));
  const said = h('p', { class: 'said', role: 'status' });
  const messages = h('ol', { class: 'messages' });
  const title = h('h2', { tabindex: '-1' }, `Call ${id}`);
  const count = h('p', { class: 'count' });
  let described = false;
  let shown = '';

  const act = async (input, work) => {
    input.wrong('');
    try {
      await work();
      await load();
    } catch (error) {
      if (!signal.aborted) input.wrong(error instanceof SyntaxError ? `This is no JSON: ${error.message}` : error.message);
    }
  };
  const send = (event) => {
    event.preventDefault();
    act(message, async () => {
      await call('Send', { id, json: JSON.parse(message.control.value) }, signal);
      say(said, `Sent at ${time(Date.now())}`);
    });
  };
  const end = (event) => {
    event.preventDefault();
    act(code, async () => {
      await call('End', { id, code: code.control.value, message: text.control.value }, signal);
    });
  };
  const describe = async (name) => {
    const method = server.methods.find((known) => known.name === name);
    if (described || !method) return;
    described = true;
    const { sample } = await call('Describe', { name: method.output }, signal);
    message.control.value ||= sample;
  };
  const forms = h(
    'div',
    { class: 'flow' },
    h('form', { class: 'flow', onsubmit: send }, message.element, h('div', { class: 'buttons' }, h('button', { class: 'primary' }, 'Send'), said)),
    h('form', { class: 'ending', onsubmit: end, 'aria-label': 'End the call' }, code.element, text.element, h('button', {}, 'End')),
  );
  const load = async () => {
    const { call: recorded } = await call('GetCall', { id }, signal);
    const now = JSON.stringify(recorded.messages);
    if (described === false) fill(title, methodName(recorded.method));
    await describe(recorded.method);
    if (recorded.code) {
      location.hash = `#/calls/${id}`;
      return;
    }
    const all = recorded.messages ?? [];
    say(count, `${recorded.requestCount ?? 0} in, ${recorded.responseCount ?? 0} out`);
    if (now === shown) return;
    shown = now;
    fill(messages, all.slice(-MOST).reverse().map((each) => messageItem(each.direction === 'REQUEST', `+${span(each.at)}`, each.length, each.json ?? {}, each.json !== undefined)));
  };
  message.control.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event);
  });
  const element = h(
    'div',
    { class: 'flow' },
    h('p', { class: 'back' }, h('a', { href: '#/streams' }, '← All open calls')),
    h('div', { class: 'title' }, title, count),
    forms,
    h('h3', {}, 'Messages, the newest first'),
    messages,
  );
  return { element, load };
}

export function streamsView(rest, signal) {
  let chosen = rest;
  let open = [];
  let hasOlder = false;
  let steered = null;
  let shown = '';
  const body = h('tbody');
  const count = h('p', { class: 'count' });
  const empty = h('p', { class: 'empty' }, 'No call is open. Calls that wait, such as streams, appear here.');
  const pane = h('section', { class: 'pane', 'aria-label': 'Open call' });
  const name = field('Signal', h('input', { type: 'text', placeholder: 'the name of a signal', spellcheck: 'false', required: true }));
  const said = h('p', { class: 'said', role: 'status' });

  const show = () => {
    say(count, `${hasOlder ? 'the newest ' : ''}${plural(open.length, 'open call')}`);
    empty.hidden = open.length > 0;
    const now = JSON.stringify([open, chosen]);
    if (now === shown) return;
    shown = now;
    const focused = body.contains(document.activeElement) ? document.activeElement.closest('tr').dataset.id : null;
    fill(body, open.map((each) => row(each, chosen)));
    if (focused) body.querySelector(`tr[data-id="${CSS.escape(focused)}"] a`)?.focus();
  };
  const load = async () => {
    try {
      const answer = await call('ListOpen', ofSession(), signal);
      open = answer.calls ?? [];
      hasOlder = Boolean(answer.nextPageToken);
      show();
      await steered?.load();
    } catch (error) {
      if (!signal.aborted && !error.isAway && !error.wantsToken) fill(pane, h('p', { class: 'error' }, error.message));
    }
  };
  const signalAll = async (event) => {
    event.preventDefault();
    try {
      const { calls } = await call('Signal', { name: name.control.value.trim(), ...ofSession() }, signal);
      name.wrong('');
      say(said, `${plural(calls, 'call')} heard it`);
    } catch (error) {
      if (!signal.aborted) name.wrong(error.message);
    }
  };
  const view = h(
    'div',
    { class: 'split calls-first' },
    h(
      'section',
      { class: 'list', 'aria-labelledby': 'streams-title' },
      h('div', { class: 'title' }, h('h2', { id: 'streams-title' }, 'Open streams'), count),
      h('form', { class: 'filter', onsubmit: signalAll }, name.element, h('button', { class: 'beside' }, 'Signal'), said),
      h(
        'div',
        { class: 'scroll' },
        h(
          'table',
          { class: 'calls open' },
          h('caption', { class: 'hidden' }, 'Calls in flight, those that began first before the others'),
          h('thead', {}, h('tr', {}, ['Began', 'Method', 'Messages', 'Client'].map((title) => h('th', { scope: 'col' }, title)))),
          body,
        ),
        empty,
      ),
    ),
    pane,
  );
  const go = (id, isFirst = false) => {
    chosen = id;
    view.classList.toggle('open', id !== '');
    steered = id ? steer(id, signal) : null;
    fill(pane, steered?.element);
    show();
    load();
    if (id && !isFirst) pane.querySelector('h2').focus();
  };
  listen(signal, ['restart'], load);
  onSession(signal, load);
  go(rest, true);
  repeat(signal, INTERVAL, load);
  return { element: view, go };
}
