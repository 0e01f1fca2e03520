// The view of calls: a live list of them, and the one that is chosen.

import { callDetail } from './call.js';
import { call, stream } from './connect.js';
import { debounced, field, fill, h, say } from './dom.js';
import { code, methodName, plural, span, time } from './format.js';
import { listen, server } from './server.js';
import { ofSession, onSession } from './session.js';

/** How many calls the list has: the newest. */
const MOST = 500;

/** How often new calls are put into the list, in milliseconds. */
const TICK = 100;

/** How long a server may take to be there again, in milliseconds. */
const RESTART = 1000;

/** The filter outlives the view. */
const filter = { method: '', where: '', unmatched: false };

/** The filter as the service has it. */
function request() {
  const conditions = [filter.unmatched && '!call.matched', filter.where && `(${filter.where})`].filter(Boolean);
  // A condition alone is sent as it was written, so that the places in what is wrong with it are right.
  const where = filter.unmatched ? conditions.join(' && ') : filter.where;
  return { method: filter.method, where, ...ofSession() };
}

function row(recorded) {
  return h(
    'tr',
    { 'data-id': recorded.id, class: recorded.unmatched ? 'unmatched' : null },
    h('td', { class: 'time' }, time(recorded.start)),
    h('td', { class: 'method' }, h('a', { href: `#/calls/${recorded.id}` }, methodName(recorded.method))),
    h('td', { class: 'status' }, code(recorded.code)),
    h('td', { class: 'rule' }, recorded.unmatched ? h('span', { class: 'tag' }, 'unmatched') : recorded.rule),
    h('td', { class: 'number' }, recorded.duration ? span(recorded.duration) : ''),
    h('td', { class: 'protocol' }, recorded.protocol),
  );
}

/** The list: the newest call first. */
function callList() {
  const body = h('tbody');
  const table = h(
    'table',
    { class: 'calls' },
    h('caption', { class: 'hidden' }, 'Calls, the newest first'),
    h('thead', {}, h('tr', {}, ['Time', 'Method', 'Status', 'Rule', 'Took', 'Protocol'].map((name) => h('th', { scope: 'col' }, name)))),
    body,
  );
  // The arrow keys go through the list.
  body.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
    const next = step && event.target.closest('tr')?.[step]?.querySelector('a');
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  let chosen = '';
  const mark = () => {
    for (const each of body.children) {
      const link = each.querySelector('a');
      if (each.dataset.id === chosen) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  };
  return {
    element: table,
    clear: () => body.replaceChildren(),
    get length() {
      return body.children.length;
    },
    choose(id) {
      chosen = id;
      mark();
    },
    focus: (id) => body.querySelector(`tr[data-id="${CSS.escape(id)}"] a`)?.focus(),
    /** Adds calls, the oldest first. */
    add(calls) {
      const newest = calls.slice(-MOST).reverse().map(row);
      body.prepend(...newest);
      while (body.children.length > MOST) body.lastElementChild.remove();
      mark();
    },
  };
}

export function callsView(rest, signal) {
  const list = callList();
  const count = h('p', { class: 'count' });
  const said = h('p', { class: 'hidden', role: 'status' });
  const empty = h('p', { class: 'empty' }, 'No calls yet. They appear here as they end.');

  const method = field('Method', h('input', { type: 'search', list: 'methods', placeholder: 'all', value: filter.method, spellcheck: 'false' }));
  const where = field('Where (CEL)', h('input', { type: 'search', placeholder: 'call.code != "OK"', value: filter.where, spellcheck: 'false', autocapitalize: 'off' }));
  const unmatched = h('input', { type: 'checkbox' });
  unmatched.checked = filter.unmatched;
  const pause = h('button', { type: 'button', 'aria-pressed': 'false' }, 'Pause');
  const clear = h('button', { type: 'button' }, 'Clear');
  const names = h('datalist', { id: 'methods' });

  let paused = false;
  let waiting = [];
  let missed = 0;
  let watching = null;
  let tick = 0;

  const showCount = () => {
    const shown = list.length;
    const parts = [shown === MOST ? `the newest ${MOST} calls` : plural(shown, 'call')];
    if (paused) parts.push(`paused, ${waiting.length >= MOST ? `${MOST} or more` : waiting.length} new`);
    if (missed > 0) parts.push(`${plural(missed, 'call')} came too fast to be shown`);
    say(count, parts.join(' · '));
    empty.hidden = shown > 0;
  };
  const flush = () => {
    tick = 0;
    if (!paused && waiting.length > 0) {
      list.add(waiting);
      waiting = [];
    }
    showCount();
  };
  const arrived = (recorded) => {
    waiting.push(recorded);
    // Only the newest can be shown.
    if (waiting.length > 2 * MOST) waiting = waiting.slice(-MOST);
    tick ||= setTimeout(flush, TICK);
  };

  /** Lists the calls that there are, and watches for more, until the filter changes or the server goes. */
  const watch = async () => {
    watching?.abort();
    watching = new AbortController();
    const { signal: mine } = watching;
    waiting = [];
    missed = 0;
    const seen = new Set();
    try {
      const listed = async () => {
        const { calls } = await call('ListCalls', { ...request(), pageSize: MOST }, mine);
        if (mine.aborted) return;
        // What ended meanwhile is in the list, too.
        waiting = waiting.filter(({ id }) => !calls?.some((listedCall) => listedCall.id === id));
        for (const { id } of calls ?? []) seen.add(id);
        list.clear();
        list.add(calls ?? []);
        where.wrong('');
        method.wrong('');
        flush();
        say(said, `${plural(list.length, 'call')} shown`);
      };
      let listing = null;
      const opened = () => {
        listing = listed().catch(refused);
      };
      for await (const event of stream('WatchCalls', { ...request(), summaries: true }, mine, opened)) {
        missed += Number(event.missed ?? 0);
        if (!seen.delete(event.call.id)) arrived(event.call);
      }
      await listing;
      // The server has ended the stream, because it stops; if it is started again at once, nobody notices otherwise.
      setTimeout(() => !mine.aborted && server.state === 'ok' && watch(), RESTART);
    } catch (error) {
      refused(error);
    }
  };
  /** A filter that is wrong is told in its place. */
  const refused = (error) => {
    // It is listed again when the server is back.
    if (error.name === 'AbortError' || error.wantsToken || error.isAway) return;
    if (error.code === 'not_found') method.wrong(error.message);
    else (filter.where ? where : method).wrong(error.message);
  };

  const changed = debounced(400, watch);
  const read = () => {
    Object.assign(filter, { method: method.control.value.trim(), where: where.control.value.trim(), unmatched: unmatched.checked });
    changed();
  };
  for (const control of [method.control, where.control, unmatched]) control.addEventListener('input', read);
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    say(said, paused ? 'Paused' : 'Watching');
    flush();
  });
  clear.addEventListener('click', async () => {
    await call('ClearCalls', ofSession()).catch(() => {});
    list.clear();
    waiting = [];
    flush();
    say(said, 'The calls were cleared');
  });

  const pane = h('section', { class: 'pane', 'aria-label': 'Call' });
  const view = h(
    'div',
    { class: 'split calls-first' },
    h(
      'section',
      { class: 'list', 'aria-labelledby': 'calls-title' },
      h('div', { class: 'title' }, h('h2', { id: 'calls-title' }, 'Calls'), count, h('div', { class: 'actions' }, pause, clear)),
      h(
        'form',
        { class: 'filter', role: 'search', onsubmit: (event) => event.preventDefault() },
        method.element,
        where.element,
        h('label', { class: 'check' }, unmatched, 'Unmatched only'),
        names,
      ),
      h('div', { class: 'scroll' }, list.element, empty),
      said,
    ),
    pane,
  );

  let detail = null;
  const go = (id, isFirst = false) => {
    const before = detail;
    detail?.end();
    detail = null;
    list.choose(id);
    view.classList.toggle('open', id !== '');
    if (id === '') {
      fill(pane);
      if (before) list.focus(before.id);
      return;
    }
    detail = callDetail(id);
    fill(pane, detail.element);
    if (!isFirst) detail.element.querySelector('h2')?.focus();
  };
  pane.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') location.hash = '#/calls';
  });

  const methods = () => {
    fill(names, server.methods.slice(0, 2000).map(({ name }) => h('option', { value: name })));
  };
  methods();
  listen(signal, ['restart'], methods);
  onSession(signal, watch);
  listen(signal, ['state', 'restart'], () => server.state === 'ok' && watch());
  signal.addEventListener('abort', () => {
    watching?.abort();
    detail?.end();
    clearTimeout(tick);
    changed.cancel();
  });
  go(rest, true);
  showCount();
  watch();
  return { element: view, go };
}
