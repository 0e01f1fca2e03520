// The view of the fleet: the generation that was published last, and what each server does with it.

import { call } from './connect.js';
import { fill, h, say } from './dom.js';
import { bytes, dateAndTime, plural } from './format.js';
import { listen, repeat } from './server.js';

/** How often the fleet is asked for, in milliseconds. */
const INTERVAL = 2000;

/** So much of an id says which generation is meant, as `protod fleet` prints it. */
const shortId = (id) => id.slice(0, 12);

const when = (timestamp) => h('time', { datetime: timestamp }, dateAndTime(timestamp));

function facts(current) {
  const all = [
    ['Generation', [shortId(current.generation), current.rollback && [' ', h('span', { class: 'tag quiet' }, 'gone back to')]]],
    ['Published', when(current.published)],
    ['Services', current.services ?? 0],
    ['Methods', current.methods ?? 0],
    ['Rules', current.rules ?? 0],
    ['Size', bytes(current.bytes)],
  ];
  return h('dl', { class: 'facts' }, all.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function row(replica) {
  const health = replica.serving ? h('span', { class: 'code ok' }, 'serving') : h('span', { class: 'code failed' }, 'not serving');
  const refused = replica.refusedGeneration && [
    h('p', {}, `Refused ${shortId(replica.refusedGeneration)}:`),
    h('ul', {}, (replica.problems ?? []).map((problem) => h('li', {}, problem))),
  ];
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, replica.name),
    h('td', {}, replica.address),
    h('td', {}, replica.version),
    h('td', {}, replica.generation ? shortId(replica.generation) : 'no generation'),
    h('td', { class: 'time' }, replica.since && when(replica.since)),
    h('td', { class: 'health' }, health, replica.trouble && h('p', { class: 'error' }, replica.trouble), refused),
  );
}

export function fleetView(rest, signal) {
  const count = h('p', { class: 'count' });
  const current = h('div');
  const body = h('tbody');
  const said = h('p', { class: 'error', role: 'alert' });
  const alone = h(
    'p',
    { class: 'empty', hidden: true },
    'This server shares no store. Servers that are started with the same --store serve what protod publish gives them, and are listed here: docs/scale.md says how.',
  );
  const replicas = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Replicas', hidden: true },
    h(
      'table',
      { class: 'replicas' },
      h('caption', { class: 'hidden' }, 'Replicas by their names'),
      h('thead', {}, h('tr', {}, ['Replica', 'Address', 'Version', 'Generation', 'Since', 'Health'].map((name) => h('th', { scope: 'col' }, name)))),
      body,
    ),
  );

  let shown = '';
  const show = (fleet) => {
    // What is the same is left as it is, with the place where one reads.
    const now = JSON.stringify(fleet);
    if (now === shown) return;
    shown = now;
    const all = fleet?.replicas ?? [];
    say(count, fleet ? plural(all.length, 'replica') : '');
    fill(current, fleet && (fleet.current ? facts(fleet.current) : h('p', { class: 'empty' }, 'No generation was published.')));
    fill(body, all.map(row));
    replicas.hidden = all.length === 0;
  };
  const load = async () => {
    try {
      show(await call('ListReplicas', {}, signal));
      alone.hidden = true;
      say(said, '');
    } catch (error) {
      if (signal.aborted || error.isAway || error.wantsToken) return;
      // Nothing is known now, and what was known may be wrong.
      show(null);
      alone.hidden = error.code !== 'failed_precondition';
      say(said, alone.hidden ? error.message : '');
    }
  };
  listen(signal, ['restart'], load);
  repeat(signal, INTERVAL, load);
  const element = h(
    'section',
    { class: 'single', 'aria-labelledby': 'fleet-title' },
    h('div', { class: 'title' }, h('h2', { id: 'fleet-title' }, 'Fleet'), count),
    h('div', { class: 'about' }, current, alone, said),
    replicas,
  );
  return { element };
}
