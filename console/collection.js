// One collection: what is known of it, its messages by a condition and page by page, and what is done with all of them.

import { call, callWith, stream } from './connect.js';
import { debounced, field, fill, h, say } from './dom.js';
import { block, bytes, json, plural, span } from './format.js';
import { requestsOf, saveAs } from './lines.js';
import { ofSession } from './session.js';

/** How many messages a page has. */
const PAGE = 50;

/** How many fields have a column: the others are in the message, which each row opens. */
const COLUMNS = 12;

/** How much of a text a cell has. */
const MOST = 200;

function facts(collection) {
  const keep = [
    collection.keepCount && plural(collection.keepCount, 'message'),
    collection.keepBytes && bytes(collection.keepBytes),
    collection.keepAge && span(collection.keepAge),
  ].filter(Boolean);
  const all = [
    ['Type', h('a', { href: `#/schema/${collection.type}` }, collection.type)],
    ['Messages', `${Number(collection.messages ?? 0).toLocaleString('en')}, ${bytes(collection.bytes)}`],
    ['Key', collection.key || 'none'],
    ['Keeps', keep.join(', ') || 'all'],
    ['Durability', collection.durability],
    ['Kept in', collection.file || collection.engine],
  ];
  return h('dl', { class: 'facts' }, all.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function cell(value) {
  if (value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

/** A message as a row, which opens to all of it. */
function row({ position, json: message }, columns) {
  const cells = columns.length > 0 ? columns.map((name) => cell(message?.[name])) : [cell(message)];
  const open = h('button', { type: 'button', class: 'link', 'aria-expanded': 'false' }, position);
  const line = h('tr', {}, h('td', { class: 'number' }, open), cells.map((text) => h('td', {}, text)));
  let whole = null;
  open.addEventListener('click', () => {
    if (whole) whole.remove();
    whole = whole ? null : h('tr', {}, h('td', { colspan: cells.length + 1 }, block(`Message ${position} in JSON`, message === undefined ? 'It has no form in JSON.' : json(message))));
    open.setAttribute('aria-expanded', String(whole !== null));
    if (whole) line.after(whole);
  });
  return line;
}

/** The pane of a collection; `changed` is called when something was done with it. */
export function collectionPane(name, changed) {
  const ending = new AbortController();
  const { signal } = ending;
  let known = null;
  let token = '';
  let isPaged = false;

  const where = field('Where (CEL)', h('input', { type: 'search', placeholder: 'item.value > 3', spellcheck: 'false', autocapitalize: 'off' }), 'A message is called item.');
  const newest = h('input', { type: 'checkbox' });
  const file = field('Import lines of JSON, or CSV', h('input', { type: 'file', accept: '.ndjson,.jsonl,.json,.csv,.txt' }));
  const more = h('button', { type: 'button', hidden: true }, 'More');
  const clear = h('button', { type: 'button' }, 'Clear');
  const said = h('p', { class: 'said', role: 'status' });
  const about = h('div');
  const head = h('tr');
  const body = h('tbody');
  const empty = h('p', { class: 'empty', hidden: true }, 'No message is like that.');

  const condition = () => where.control.value.trim();
  const wanted = () => ({ collection: name, where: condition(), ...ofSession() });
  const columns = () => (known?.fields ?? []).slice(0, COLUMNS);

  /** Lists the first page, or one more. */
  const list = async (isNext) => {
    try {
      const request = { ...wanted(), newest: newest.checked, pageSize: PAGE, pageToken: isNext ? token : '' };
      const page = await call('ListMessages', request, signal);
      const rows = (page.messages ?? []).map((message) => row(message, columns()));
      if (isNext) body.append(...rows);
      else fill(body, rows);
      isPaged = isNext;
      token = page.nextPageToken ?? '';
      more.hidden = token === '';
      empty.hidden = body.children.length > 0 || token !== '';
      where.wrong('');
    } catch (error) {
      if (!signal.aborted && !error.isAway && !error.wantsToken) where.wrong(error.message);
    }
  };
  const act = async (input, work) => {
    input.wrong('');
    say(said, '');
    try {
      say(said, await work());
    } catch (error) {
      if (!signal.aborted) input.wrong(error.message);
    }
    changed();
  };
  const exportAs = (format, extension) => act(where, async () => {
    const parts = [];
    let messages = 0;
    for await (const answer of stream('ExportMessages', { ...wanted(), format }, signal)) {
      parts.push(answer.lines);
      messages += Number(answer.messages ?? 0);
      say(said, `${plural(messages, 'message')}…`);
    }
    saveAs(`${name}.${extension}`, parts);
    return `${plural(messages, 'message')} exported`;
  });
  file.control.addEventListener('change', () => act(file, async () => {
    const [chosen] = file.control.files;
    if (!chosen) return '';
    say(said, 'Importing…');
    const format = /\.csv$/i.test(chosen.name) ? 'CSV' : 'NDJSON';
    const requests = await requestsOf(chosen, { collection: name, format, ...ofSession() });
    const { messages } = await callWith('ImportMessages', requests, signal);
    file.control.value = '';
    return `${plural(messages, 'message')} imported`;
  }));
  // All goes by one button, so it asks once more.
  const calm = () => {
    clear.textContent = 'Clear';
    clear.removeAttribute('aria-pressed');
  };
  clear.addEventListener('blur', calm);
  clear.addEventListener('click', () => {
    if (!clear.hasAttribute('aria-pressed')) {
      clear.setAttribute('aria-pressed', 'true');
      clear.textContent = 'Really clear all?';
      return;
    }
    calm();
    act(where, async () => {
      await call('ClearCollection', { name, ...ofSession() }, signal);
      return 'The collection was cleared';
    });
  });
  const again = debounced(400, () => list(false));
  where.control.addEventListener('input', again);
  newest.addEventListener('input', () => list(false));
  more.addEventListener('click', () => list(true));

  const element = h(
    'div',
    { class: 'flow' },
    h('p', { class: 'back' }, h('a', { href: '#/collections' }, '← All collections')),
    h('div', { class: 'title' }, h('h2', { tabindex: '-1' }, name), h('div', { class: 'actions' }, clear)),
    about,
    h(
      'form',
      { class: 'browse', role: 'search', onsubmit: (event) => event.preventDefault() },
      where.element,
      h('label', { class: 'check' }, newest, 'Newest first'),
    ),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', onclick: () => exportAs('NDJSON', 'ndjson') }, 'Export as JSON'),
      h('button', { type: 'button', onclick: () => exportAs('CSV', 'csv') }, 'Export as CSV'),
      said,
    ),
    file.element,
    h(
      'div',
      { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Messages' },
      h('table', { class: 'stored' }, h('caption', { class: 'hidden' }, `Messages of ${name}`), h('thead', {}, head), body),
      empty,
    ),
    more,
  );
  return {
    element,
    /** What is known of the collection now. */
    update(collection) {
      const before = known;
      known = collection;
      if (JSON.stringify(before) === JSON.stringify(collection)) return;
      fill(about, collection.failure ? h('p', { class: 'error' }, collection.failure) : facts(collection));
      const titles = columns().length > 0 ? columns() : ['Message'];
      fill(head, ['Position', ...titles].map((title) => h('th', { scope: 'col' }, title)));
      // Who reads further down is left there.
      if (!isPaged) list(false);
    },
    end() {
      ending.abort();
      again.cancel();
    },
  };
}
