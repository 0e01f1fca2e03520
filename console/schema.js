// The view of the schema: services, and any symbol as proto text in which the names of types are links.

import { call } from './connect.js';
import { field, fill, h, say } from './dom.js';
import { block, colouredJson, methodName, plural, shape } from './format.js';
import { listen, server } from './server.js';

/** How many services and methods are listed. */
const MOST = 500;

const WORDS = /(\/\/[^\n]*)|("(?:[^"\\\n]|\\.)*")|([A-Za-z_.][\w.]*)/g;

const KEYWORDS = new Set('syntax edition package import public weak option message enum service rpc returns stream repeated optional required oneof map reserved extensions extend group to max'.split(' '));

const link = (name) => `#/schema/${name}`;

/** Proto text in colours, with links. */
function protoText(text, references) {
  const targets = new Map(references.map((reference) => [reference.text, reference.name]));
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(WORDS)) {
    parts.push(text.slice(end, match.index));
    const [whole, comment, string, word] = match;
    if (comment) parts.push(h('span', { class: 'comment' }, comment));
    else if (string) parts.push(h('span', { class: 'json-string' }, string));
    else if (targets.has(word)) parts.push(h('a', { href: link(targets.get(word)) }, word));
    else if (KEYWORDS.has(word)) parts.push(h('span', { class: 'keyword' }, word));
    else parts.push(word);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** The methods, by service. */
function services(words) {
  const byService = new Map();
  for (const method of server.methods) {
    if (!words.every((word) => method.name.toLowerCase().includes(word))) continue;
    const service = method.name.slice(0, method.name.lastIndexOf('/'));
    byService.set(service, [...(byService.get(service) ?? []), method]);
  }
  return byService;
}

export function schemaView(rest, signal) {
  const search = field('Filter', h('input', { type: 'search', placeholder: 'service or method', spellcheck: 'false' }));
  const count = h('p', { class: 'count' });
  const index = h('ul', { class: 'index' });
  const pane = h('section', { class: 'pane', 'aria-label': 'Symbol' });
  let chosen = rest;

  const list = () => {
    const found = services(search.control.value.toLowerCase().split(/\s+/).filter(Boolean));
    say(count, plural(found.size, 'service'));
    let left = MOST;
    const items = [];
    for (const [service, methods] of found) {
      if (left <= 0) break;
      const shown = methods.slice(0, left);
      left -= shown.length + 1;
      const entry = (name, content) => h('a', { href: link(name), 'aria-current': name === chosen ? 'true' : null }, content);
      items.push(h('li', {}, entry(service, service), h('ul', {}, shown.map(({ name }) => h('li', {}, entry(name, name.slice(service.length + 1)))))));
    }
    fill(index, items);
  };

  const show = async (name, isFirst) => {
    chosen = name;
    view.classList.toggle('open', name !== '');
    list();
    if (!name) {
      fill(pane, h('p', { class: 'empty' }, 'Choose a service, or follow the types from there.'));
      return;
    }
    try {
      const { text, references, sample } = await call('Describe', { name }, signal);
      if (chosen !== name) return;
      const method = server.methods.find((known) => known.name === name);
      const title = h('h2', { tabindex: '-1' }, name.includes('/') ? methodName(name) : name);
      fill(
        pane,
        h('p', { class: 'back' }, h('a', { href: '#/schema' }, '← All services')),
        h('div', { class: 'title' }, title),
        method && h('p', {}, h('span', { class: 'tag quiet' }, shape(method)), ' ', h('a', { href: `#/invoke/${name}` }, 'Call it')),
        block(`${name} as proto text`, protoText(text, references ?? [])),
        sample && [h('h3', {}, method ? 'A request, made up' : 'A message, made up'), block('A sample in JSON', colouredJson(sample))],
      );
      pane.scrollTop = 0;
      if (!isFirst) title.focus();
    } catch (error) {
      if (!signal.aborted) fill(pane, h('p', { class: 'error' }, error.message));
    }
  };

  search.control.addEventListener('input', list);
  const view = h(
    'div',
    { class: 'split narrow-list' },
    h(
      'section',
      { class: 'list', 'aria-labelledby': 'schema-title' },
      h('div', { class: 'title' }, h('h2', { id: 'schema-title' }, 'Schema'), count),
      h('form', { class: 'filter', role: 'search', onsubmit: (event) => event.preventDefault() }, search.element),
      h('nav', { class: 'scroll', 'aria-label': 'Services' }, index),
    ),
    pane,
  );
  let methodsShown = server.methods;
  listen(signal, ['status'], () => {
    if (methodsShown === server.methods) return;
    methodsShown = server.methods;
    show(chosen, true);
  });
  show(rest, true);
  return { element: view, go: (name) => show(name, false) };
}
