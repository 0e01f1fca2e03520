// The form that calls a method, of any shape: the requests in JSON, and the responses as they come.

import { call, stream } from './connect.js';
import { field, fill, h, say } from './dom.js';
import { shape } from './format.js';
import { listen, server } from './server.js';
import { ofSession, onSession, session } from './session.js';
import { transcript } from './transcript.js';

/** What another view has put into the form: a method, requests and headers. */
let given = null;

export function useInvocation(invocation) {
  given = invocation;
}

/** Reads the JSON of a text area; `null` if it is none, which is said there. */
function readJson(input) {
  try {
    const value = JSON.parse(input.control.value);
    input.wrong('');
    return { value };
  } catch (error) {
    input.wrong(`This is no JSON: ${error.message}`);
    input.control.focus();
    return null;
  }
}

/** Reads a header a line, as in `name: value`. */
function readHeaders(input) {
  const list = [];
  for (const [index, line] of input.control.value.split('\n').entries()) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':', 1);
    if (colon < 0) {
      input.wrong(`Line ${index + 1} is no header: write name: value.`);
      input.control.focus();
      return null;
    }
    list.push({ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() });
  }
  input.wrong('');
  return list;
}

export function invokeView(rest, signal) {
  const method = field('Method', h('input', { type: 'search', list: 'invoke-methods', required: true, placeholder: 'package.Service/Method', spellcheck: 'false', autocapitalize: 'off' }));
  const request = field('Request in JSON', h('textarea', { rows: '12', spellcheck: 'false', autocapitalize: 'off' }));
  const headers = field('Headers', h('textarea', { rows: '3', spellcheck: 'false', autocapitalize: 'off', placeholder: 'name: value' }), 'One a line. Values of names that end in -bin are base64.');
  const timeout = field('Deadline in seconds', h('input', { type: 'number', min: '0', max: '86400', step: 'any', placeholder: 'none' }));
  const kind = h('p', { class: 'kind', role: 'status' });
  const names = h('datalist', { id: 'invoke-methods' });
  const of = h('p', { class: 'hint', role: 'status' });
  const start = h('button', { class: 'primary' }, 'Call');
  const send = h('button', { type: 'button', class: 'primary' }, 'Send message');
  const halfClose = h('button', { type: 'button' }, 'End requests');
  const cancel = h('button', { type: 'button' }, 'Cancel');
  const sample = h('button', { type: 'button' }, 'New sample');
  const output = h('section', { class: 'pane', 'aria-label': 'Responses' }, h('p', { class: 'empty' }, 'Responses appear here as they come.'));

  /** The call that runs. */
  let running = null;
  let described = '';
  /** The requests that are still to be put into the form, of a call that is made again. */
  let queue = [];

  const chosen = () => server.methods.find(({ name }) => name === method.control.value.trim());
  const isStream = () => chosen()?.clientStreaming ?? false;
  const buttons = () => {
    start.hidden = running !== null;
    cancel.hidden = running === null;
    const takes = running !== null && running.takesRequests;
    send.hidden = !takes;
    halfClose.hidden = !takes;
    say(start, isStream() ? 'Begin the call' : 'Call');
    method.control.readOnly = running !== null;
  };
  const fillSample = async (name) => {
    const { sample: made } = await call('Describe', { name }, signal);
    if (chosen()?.name === name) request.control.value = made;
  };
  const choose = async (isAsked = false) => {
    const known = chosen();
    fill(kind, known ? [h('span', { class: 'tag quiet' }, shape(known)), ' ', h('a', { href: `#/schema/${known.input}` }, known.input), ' → ', h('a', { href: `#/schema/${known.output}` }, known.output)] : '');
    buttons();
    if (!known || (described === known.name && !isAsked)) return;
    described = known.name;
    method.wrong('');
    // A page that is loaded again has the same method.
    history.replaceState(null, '', `#/invoke/${known.name}`);
    if (queue.length > 0) {
      request.control.value = JSON.stringify(queue.shift(), null, 2);
      return;
    }
    await fillSample(known.name).catch((error) => !signal.aborted && request.wrong(error.message));
  };

  const begin = async () => {
    const known = chosen();
    if (!known) {
      method.wrong(method.control.value.trim() ? 'The schema has no such method.' : 'Choose a method.');
      method.control.focus();
      return;
    }
    const list = readHeaders(headers);
    if (list === null) return;
    const first = known.clientStreaming ? null : readJson(request);
    if (!known.clientStreaming && first === null) return;
    const log = transcript();
    const ending = new AbortController();
    const mine = { ending, log, takesRequests: known.clientStreaming, invocation: null, id: null };
    running = mine;
    fill(output, h('h2', { tabindex: '-1' }, 'Responses'), log.element);
    log.running(null);
    if (first) log.request(first.value);
    buttons();
    const seconds = timeout.control.value.trim();
    try {
      const asked = {
        method: known.name,
        requests: first ? [first.value] : [],
        headers: list,
        keepOpen: known.clientStreaming,
        timeout: seconds ? `${seconds}s` : undefined,
        ...ofSession(),
      };
      for await (const event of stream('Invoke', asked, ending.signal)) {
        if (event.start) {
          mine.invocation = event.start.invocation;
          mine.id = event.start.call;
          log.running(mine.id);
        } else if (event.headers) log.headers(event.headers.headers);
        else if (event.response) log.response(event.response);
        else if (event.end) log.end(event.end, mine.id);
      }
    } catch (error) {
      if (ending.signal.aborted) log.end({ code: 'CANCELLED', message: 'cancelled here' }, mine.id);
      else log.failed(error);
    }
    if (running === mine) running = null;
    const hadFocus = [send, halfClose, cancel].includes(document.activeElement);
    buttons();
    // The buttons of a call that runs are gone.
    if (hadFocus) start.focus();
  };
  const more = async (isLast) => {
    const mine = running;
    if (!mine?.invocation) return;
    const message = isLast ? null : readJson(request);
    if (!isLast && message === null) return;
    try {
      const asked = { invocation: mine.invocation, requests: message ? [message.value] : [], halfClose: isLast };
      await call('InvokeMore', asked);
      if (message) mine.log.request(message.value);
      if (message && queue.length > 0) request.control.value = JSON.stringify(queue.shift(), null, 2);
      if (isLast) {
        mine.takesRequests = false;
        buttons();
        if (!cancel.hidden) cancel.focus();
      }
    } catch (error) {
      request.wrong(error.message);
    }
  };

  method.control.addEventListener('input', () => {
    queue = [];
    choose();
  });
  send.addEventListener('click', () => more(false));
  halfClose.addEventListener('click', () => more(true));
  cancel.addEventListener('click', () => running?.ending.abort());
  sample.addEventListener('click', () => choose(true));
  const keys = (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (running?.takesRequests) more(false);
    else if (running === null) begin();
  };
  const submit = (event) => {
    event.preventDefault();
    if (running === null) begin();
  };
  const view = h(
    'div',
    { class: 'split form-first' },
    h(
      'section',
      { class: 'list', 'aria-labelledby': 'invoke-title' },
      h('div', { class: 'title' }, h('h2', { id: 'invoke-title' }, 'Call a method')),
      h(
        'form',
        { class: 'invoke scroll', onsubmit: submit, onkeydown: keys },
        method.element,
        kind,
        request.element,
        h('div', { class: 'buttons' }, start, send, halfClose, cancel, sample, h('span', { class: 'hint' }, 'Ctrl+Enter sends')),
        of,
        headers.element,
        timeout.element,
        names,
      ),
    ),
    output,
  );
  const methods = () => fill(names, server.methods.slice(0, 2000).map(({ name }) => h('option', { value: name })));
  let methodsShown = server.methods;
  listen(signal, ['status'], () => {
    if (methodsShown === server.methods) return;
    methodsShown = server.methods;
    methods();
    choose();
  });
  signal.addEventListener('abort', () => running?.ending.abort());
  const showSession = () => say(of, session.name ? `The call is of the session ${session.name}.` : '');
  onSession(signal, showSession);
  showSession();
  methods();
  const go = (name) => {
    if (running) return;
    if (given) {
      queue = [...given.requests];
      headers.control.value = given.headers.map((header) => `${header.name}: ${header.value}`).join('\n');
      described = '';
    }
    method.control.value = given?.method ?? name;
    given = null;
    choose();
  };
  go(rest);
  return { element: view, go };
}
