// The view of rules: how often each was chosen, and where it is.

import { call, callForList } from './connect.js';
import { field, fill, h, say } from './dom.js';
import { methodName, plural } from './format.js';
import { moreItem, problemItem } from './problem.js';
import { repeat } from './server.js';
import { ofSession, onSession, sessionAddress } from './session.js';

/** How often the rules are asked for, in milliseconds. */
const INTERVAL = 2000;

/** How many rules are shown. */
const MOST = 1000;

/** The address of the editor for what was put by a name, for a session or for all. */
function editPut(name, session) {
  const view = `#/edit/put/${encodeURIComponent(name)}`;
  return session ? sessionAddress(session, view) : view;
}

function row(rule, isChosen) {
  const hits = Number(rule.hits ?? 0);
  const edit = rule.put ? editPut(rule.put, rule.session) : `#/edit/rule/${encodeURIComponent(rule.place)}`;
  const tags = [rule.passes && 'then: next', rule.priority && `priority ${rule.priority}`].filter(Boolean);
  return h(
    'tr',
    { class: hits === 0 ? 'unused' : null, 'data-name': rule.name, 'aria-current': isChosen ? 'true' : null },
    h('td', { class: 'number' }, hits === 0 ? h('span', { class: 'tag' }, 'unused') : hits.toLocaleString('en')),
    h('th', { scope: 'row' }, rule.name, tags.map((tag) => [' ', h('span', { class: 'tag quiet' }, tag)])),
    h('td', { class: 'place' }, rule.put ? h('span', { class: 'tag quiet' }, rule.session ? `put for session ${rule.session}` : 'put at run time') : null, ' ', rule.place),
    h('td', { class: 'edit' }, h('a', { href: edit, 'aria-label': `Edit ${rule.name}` }, 'Edit')),
    h('td', { class: 'methods' }, (rule.methods ?? []).map((name) => h('div', {}, h('a', { href: `#/schema/${name}` }, methodName(name)))), rule.moreMethods ? h('div', {}, `and ${rule.moreMethods} more`) : null),
  );
}

/** Rules that were put, and do not fit what was loaded since. */
function asideItem({ name, session, problems, moreProblems }) {
  return h(
    'section',
    { class: 'why unmatched' },
    h('h3', {}, 'Set aside, because they do not fit what is served: ', h('a', { href: editPut(name, session) }, name), session && ` of session ${session}`),
    h('ul', {}, (problems ?? []).map(problemItem), moreItem(moreProblems)),
  );
}

export function rulesView(rest, signal) {
  let rules = [];
  let chosen = rest;
  const search = field('Filter', h('input', { type: 'search', placeholder: 'name, place or method', spellcheck: 'false' }));
  const unused = h('input', { type: 'checkbox' });
  const count = h('p', { class: 'count' });
  const said = h('p', { class: 'hidden', role: 'status' });
  const body = h('tbody');
  const empty = h('p', { class: 'empty' });
  const aside = h('div', { class: 'aside' });
  const reset = h('button', { type: 'button' }, 'Reset counters');

  let shownRules = '';
  let shownAside = '[]';
  const show = () => {
    const words = search.control.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = rules.filter((rule) => {
      const text = [rule.name, rule.place, ...(rule.methods ?? [])].join(' ').toLowerCase();
      return words.every((word) => text.includes(word)) && !(unused.checked && Number(rule.hits ?? 0) > 0);
    });
    const never = rules.filter((rule) => Number(rule.hits ?? 0) === 0).length;
    const parts = [plural(rules.length, 'rule'), `${never} unused`];
    if (wanted.length !== rules.length) parts.push(`${wanted.length} shown`);
    say(count, parts.join(' · '));
    empty.hidden = wanted.length > 0;
    say(empty, rules.length === 0 ? 'The server has no rules.' : 'No rule is like that.');
    // What is the same is left as it is, with the place where one reads.
    const now = JSON.stringify([wanted, chosen]);
    if (now === shownRules) return;
    shownRules = now;
    fill(body, wanted.slice(0, MOST).map((rule) => row(rule, rule.name === chosen)));
  };
  const load = async () => {
    try {
      const answer = await callForList('ListRules', 'rules', ofSession(), signal);
      rules = answer.rules;
      const setAside = JSON.stringify(answer.setAside ?? []);
      if (setAside !== shownAside) fill(aside, (answer.setAside ?? []).map(asideItem));
      shownAside = setAside;
      show();
    } catch (error) {
      if (!signal.aborted && !error.isAway && !error.wantsToken) say(said, error.message);
    }
  };
  search.control.addEventListener('input', show);
  unused.addEventListener('input', show);
  reset.addEventListener('click', async () => {
    await call('Reset', { counters: true, ...ofSession() }).catch(() => {});
    await load();
    say(said, 'The counters were reset');
  });
  onSession(signal, load);
  let isFirst = true;
  repeat(signal, INTERVAL, async () => {
    await load();
    if (isFirst) body.querySelector('[aria-current]')?.scrollIntoView({ block: 'center' });
    isFirst = false;
  });
  const go = (name) => {
    chosen = name;
    show();
    body.querySelector('[aria-current]')?.scrollIntoView({ block: 'center' });
  };
  const element = h(
    'section',
    { class: 'single', 'aria-labelledby': 'rules-title' },
    h('div', { class: 'title' }, h('h2', { id: 'rules-title' }, 'Rules'), count, h('div', { class: 'actions' }, h('a', { class: 'button', href: '#/edit/new' }, 'New rule'), reset)),
    h('form', { class: 'filter', role: 'search', onsubmit: (event) => event.preventDefault() }, search.element, h('label', { class: 'check' }, unused, 'Unused only')),
    aside,
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: 'rules' },
        h('caption', { class: 'hidden' }, 'Rules in the order of files and places'),
        h('thead', {}, h('tr', {}, ['Hits', 'Rule', 'Place', 'Edit', 'Methods'].map((name) => h('th', { scope: 'col' }, name)))),
        body,
      ),
      empty,
    ),
    said,
  );
  return { element, go };
}
