// The view of collections: what there are, and the one that is chosen.

import { collectionPane } from './collection.js';
import { callForList } from './connect.js';
import { fill, h, say } from './dom.js';
import { bytes, plural } from './format.js';
import { listen, repeat } from './server.js';
import { ofSession, onSession } from './session.js';

/** How often the collections are asked for, in milliseconds. */
const INTERVAL = 2000;

function item(collection, chosen) {
  const current = collection.name === chosen ? 'page' : null;
  return h(
    'li',
    {},
    h('a', { href: `#/collections/${encodeURIComponent(collection.name)}`, 'aria-current': current }, collection.name),
    h('p', { class: 'hint' }, `${plural(collection.messages, 'message')}, ${bytes(collection.bytes)}`),
  );
}

export function collectionsView(rest, signal) {
  let chosen = rest;
  let collections = [];
  let shown = '';
  let detail = null;
  const count = h('p', { class: 'count' });
  const said = h('p', { class: 'hidden', role: 'status' });
  const list = h('ul', { class: 'index' });
  const empty = h('p', { class: 'empty', hidden: true }, 'The rules declare no collections.');
  const pane = h('section', { class: 'pane', 'aria-label': 'Collection' });

  const show = () => {
    say(count, plural(collections.length, 'collection'));
    empty.hidden = collections.length > 0;
    const now = JSON.stringify([collections, chosen]);
    if (now !== shown) fill(list, collections.map((collection) => item(collection, chosen)));
    shown = now;
    const found = collections.find(({ name }) => name === chosen);
    if (found) detail?.update(found);
    else if (chosen) fill(pane, h('p', { class: 'error' }, `There is no collection ${chosen}.`));
  };
  const load = async () => {
    try {
      ({ collections } = await callForList('ListCollections', 'collections', ofSession(), signal));
      show();
    } catch (error) {
      if (!signal.aborted && !error.isAway && !error.wantsToken) say(said, error.message);
    }
  };
  const view = h(
    'div',
    { class: 'split narrow-list' },
    h(
      'section',
      { class: 'list', 'aria-labelledby': 'collections-title' },
      h('div', { class: 'title' }, h('h2', { id: 'collections-title' }, 'Collections'), count),
      h('div', { class: 'scroll' }, list, empty),
      said,
    ),
    pane,
  );
  const open = () => {
    detail?.end();
    detail = chosen ? collectionPane(chosen, load) : null;
    fill(pane, detail?.element);
    view.classList.toggle('open', chosen !== '');
    shown = '';
  };
  const go = (name) => {
    chosen = name;
    open();
    show();
    pane.querySelector('h2')?.focus();
  };
  onSession(signal, () => {
    open();
    load();
  });
  listen(signal, ['restart'], load);
  signal.addEventListener('abort', () => detail?.end());
  open();
  repeat(signal, INTERVAL, load);
  return { element: view, go };
}
