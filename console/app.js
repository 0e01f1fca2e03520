// The console: which view is shown, what the server is, and the token that it wants.

import { callsView } from './calls.js';
import { collectionsView } from './collections.js';
import { keepToken } from './token.js';
import { field, fill, h, say } from './dom.js';
import { editorView } from './editor.js';
import { fleetView } from './fleet.js';
import { invokeView } from './invoke.js';
import { rulesView } from './rules.js';
import { schemaView } from './schema.js';
import { ask, server } from './server.js';
import { sessionPicker } from './session.js';
import { statusLine } from './status.js';
import { streamsView } from './streams.js';

/** The views, by the first part of the address: the name, what makes it, and the one in the navigation that it belongs to. */
const VIEWS = {
  calls: ['Calls', callsView],
  rules: ['Rules', rulesView],
  edit: ['Edit rules', editorView, 'rules'],
  invoke: ['Invoke', invokeView],
  streams: ['Streams', streamsView],
  collections: ['Collections', collectionsView],
  schema: ['Schema', schemaView],
  fleet: ['Fleet', fleetView],
};

const [nav, picker, banner, main, footer] = ['nav', 'picker', 'banner', 'main', 'footer'].map((id) => document.getElementById(id));

/** The view that is shown: its name, what it does for another address of its own, and what ends it. */
let shown = null;

/** The address: `#/calls/7` is the view `calls` with the rest `7`. */
function address() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  return { name: Object.hasOwn(VIEWS, name) ? name : 'calls', rest: rest.map(decodeURIComponent).join('/') };
}

function show() {
  if (server.state === 'token') return;
  const { name, rest } = address();
  if (shown?.name === name && shown.view.go) {
    shown.view.go(rest);
    return;
  }
  const isFirst = shown === null;
  shown?.ending.abort();
  const [title, make, parent] = VIEWS[name];
  const ending = new AbortController();
  const view = make(rest, ending.signal);
  shown = { name, ending, view };
  document.title = `${title} · protod`;
  for (const link of nav.querySelectorAll('a')) {
    if (link.dataset.view === (parent ?? name)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const heading = h('h1', { class: 'hidden', tabindex: '-1' }, title);
  fill(main, heading, view.element);
  // Who moves by keys or listens begins at the new view, but not when the page has just opened.
  if (!isFirst) heading.focus();
}

function askForToken() {
  shown?.ending.abort();
  shown = null;
  const secret = field(
    'Token',
    h('input', { type: 'password', autocomplete: 'off', required: true }),
    'It was given to the server by --admin-token-file or --admin-token. It is kept until this tab is closed.',
  );
  const send = async (event) => {
    event.preventDefault();
    keepToken(secret.control.value.trim());
    server.state = 'ok';
    await ask();
    if (server.state === 'token') secret.wrong('That is not the token of this server.');
    else show();
  };
  fill(
    main,
    h(
      'form',
      { class: 'unlock panel', onsubmit: send },
      h('h1', { tabindex: '-1' }, 'The admin service wants its token'),
      secret.element,
      h('button', { class: 'primary' }, 'Open'),
    ),
  );
  document.title = 'Token · protod';
  secret.control.focus();
}

let wasAway = false;

server.addEventListener('state', () => {
  banner.className = server.state;
  if (server.state === 'away') say(banner, 'The server does not answer. Trying again…');
  else if (wasAway && server.state === 'ok') say(banner, 'The server is back.');
  else say(banner, '');
  if (wasAway) setTimeout(() => server.state === 'ok' && say(banner, ''), 4000);
  wasAway = server.state === 'away';
  if (server.state === 'token' && !main.querySelector('form.unlock')) askForToken();
});

const inNavigation = Object.entries(VIEWS).filter(([, [, , parent]]) => !parent);
fill(nav, inNavigation.map(([name, [title]]) => h('a', { href: `#/${name}`, 'data-view': name }, title)));
sessionPicker(picker);
statusLine(footer);
document.querySelector('.skip').addEventListener('click', (event) => {
  // The address is for views.
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', show);
await ask();
show();
