// A problem that the checker has found, with its place.

import { h } from './dom.js';

/** How many problems there are that are not listed. */
export function moreItem(count) {
  return count ? h('li', {}, `and ${count} more`) : null;
}

/** A problem in one line. */
export function problemItem({ file, line, column, message, hint }) {
  const place = [file, line || null, column || null].filter(Boolean).join(':');
  return h(
    'li',
    {},
    place && h('span', { class: 'place' }, place),
    ' ',
    message,
    hint && h('span', { class: 'hint' }, ` — ${hint}`),
  );
}
