// What came and went in a call of the form, as it comes.

import { fill, h } from './dom.js';
import { block, code, json, span } from './format.js';
import { messageItem, metadata } from './messages.js';

/** How many messages are shown: the newest. */
const MOST = 200;

/** Where the call stands among the others. */
function seen(id) {
  return id && id !== '0' && [' ', h('a', { href: `#/calls/${id}` }, `call ${id}`)];
}

/** What came and went in one call. */
export function transcript() {
  const messages = h('ol', { class: 'messages' });
  const headers = h('div');
  const end = h('div', { class: 'flow', role: 'status' });
  const began = performance.now();
  const at = () => `+${span(`${(performance.now() - began) / 1000}s`)}`;
  const add = (isRequest, length, value) => {
    messages.append(messageItem(isRequest, at(), length, value));
    while (messages.children.length > MOST) messages.firstElementChild.remove();
  };
  return {
    element: h('div', { class: 'flow' }, end, headers, h('h3', {}, 'Messages'), messages),
    request: (value) => add(true, null, value),
    response: ({ json: value, length }) => add(false, length, value),
    headers: (list) => fill(headers, metadata('Response headers', list, false)),
    running: (id) => fill(end, h('p', { class: 'status-line' }, code(''), seen(id))),
    end(ended, id) {
      const details = ended.details ?? [];
      fill(
        end,
        h('p', { class: 'status-line' }, code(ended.code), ' ', ended.message, seen(id), ' ', h('span', { class: 'count' }, at())),
        details.length > 0 && block('Details of the status', json(details)),
        metadata('Trailers', ended.trailers, false),
      );
    },
    failed: (error) => fill(end, h('p', { class: 'error' }, error.message)),
  };
}
