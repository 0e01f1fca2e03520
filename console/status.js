// The line at the foot of the page: what is served, and how the last reload went.

import { fill, h } from './dom.js';
import { bytes, dateAndTime, plural, time } from './format.js';
import { moreItem, problemItem } from './problem.js';
import { server } from './server.js';

function reload({ lastReload, generation }) {
  const number = generation ? `Generation ${generation}` : null;
  if (!lastReload) return [number];
  const at = h('time', { datetime: lastReload.time, title: dateAndTime(lastReload.time) }, time(lastReload.time).slice(0, 8));
  if (lastReload.reloaded) return [number && `${number}, `, number ? 'reloaded ' : 'Reloaded ', at];
  const problems = lastReload.problems ?? [];
  return [
    h(
      'details',
      { class: 'problems' },
      h('summary', {}, 'Reload refused ', at, `: ${plural(problems.length + (lastReload.moreProblems ?? 0), 'problem')}`),
      h('ul', {}, problems.map(problemItem), moreItem(lastReload.moreProblems)),
    ),
  ];
}

/** Keeps the line. */
export function statusLine(footer) {
  const dot = h('span', { class: 'state' });
  const known = h('span', { class: 'known' });
  const reloaded = h('span', { class: 'reloaded', role: 'status' });
  fill(footer, dot, known, reloaded);
  let reloadShown = '';
  const show = () => {
    const { status, state } = server;
    footer.className = state;
    fill(dot, { ok: status?.serving === false ? 'Stopping' : 'Connected', away: 'Not connected', token: 'Locked' }[state]);
    if (!status) return;
    const { journal } = status;
    const facts = [
      `protod ${status.version}`,
      plural(status.methods, 'method'),
      plural(status.rules, 'rule'),
      `${status.callsInFlight ?? 0} in flight`,
      journal ? `${plural(journal.recorded, 'call')}, ${bytes(journal.bytes)} kept` : 'no journal',
    ];
    fill(known, facts.map((fact) => h('span', {}, fact)));
    // What stays the same is not said again, and stays open.
    const now = JSON.stringify([status.lastReload, status.generation]);
    if (now === reloadShown) return;
    reloadShown = now;
    fill(reloaded, reload(status));
  };
  server.addEventListener('status', show);
  server.addEventListener('state', show);
}
