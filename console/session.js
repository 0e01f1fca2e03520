// The session that the views are about; where none is chosen, they have the calls and rules of all. It stands in the address of
// the page, so that a page that is loaded again is about the same one.

import { fill, h, say } from './dom.js';
import { server } from './server.js';

/** `change`: another one was chosen, or it has ended. */
export const session = Object.assign(new EventTarget(), {
  /** Its name; empty if none is chosen. */
  name: new URLSearchParams(location.search).get('session') ?? '',
});

/** The address of a view about a session. */
export function sessionAddress(name, view) {
  return `?session=${encodeURIComponent(name)}${view}`;
}

/** Makes a session the one that the views are about, or none. */
export function chooseSession(name) {
  if (session.name === name) return;
  session.name = name;
  const address = name ? sessionAddress(name, location.hash) : `${location.pathname}${location.hash}`;
  history.replaceState(null, '', address);
  session.dispatchEvent(new Event('change'));
}

/** The part of a request that says which session it is about. */
export function ofSession() {
  return session.name ? { session: session.name } : {};
}

/** Acts when another session is chosen, for as long as a view is there. */
export function onSession(signal, act) {
  session.addEventListener('change', act, { signal });
}

/** Keeps the field in which a session is chosen. It is there when there are sessions. */
export function sessionPicker(element) {
  const select = h('select', { id: 'session' });
  const said = h('span', { class: 'hidden', role: 'status' });
  fill(element, h('label', { for: 'session' }, 'Session'), select, said);
  let shown = null;
  const show = () => {
    const names = server.sessions.map(({ name }) => name);
    if (session.name && server.status && !names.includes(session.name)) {
      say(said, `The session ${session.name} has ended.`);
      chooseSession('');
    }
    element.hidden = names.length === 0;
    const now = JSON.stringify(names);
    if (now !== shown) fill(select, h('option', { value: '' }, 'all calls'), names.map((name) => h('option', { value: name }, name)));
    shown = now;
    select.value = session.name;
  };
  select.addEventListener('change', () => chooseSession(select.value));
  session.addEventListener('change', show);
  server.addEventListener('status', show);
  show();
}
