// Messages, headers and trailers of a call, wherever they are shown.

import { h } from './dom.js';
import { block, bytes, json } from './format.js';

/** A message, by its direction, when it came or went, and how many bytes it has in protobuf, if that is known. */
export function messageItem(isRequest, at, length, value, kept = true) {
  const name = isRequest ? 'Request' : 'Response';
  return h(
    'li',
    { class: isRequest ? 'request' : 'response' },
    h(
      'p',
      { class: 'head' },
      h('span', { class: 'arrow', 'aria-hidden': 'true' }, isRequest ? '→' : '←'),
      h('b', {}, name),
      h('span', {}, at),
      length !== null && h('span', {}, bytes(length)),
    ),
    kept ? block(`${name} in JSON`, json(value)) : h('p', { class: 'empty' }, 'Not kept.'),
  );
}

/** Headers or trailers under their title, open or not. Nothing if there are none. */
export function metadata(title, list, open = true) {
  if ((list ?? []).length === 0) return null;
  const pairs = list.map(({ name, value }) => [h('dt', {}, name), h('dd', {}, value)]);
  return h(
    'details',
    { class: 'metadata', open },
    h('summary', {}, h('h3', {}, title), h('span', { class: 'count' }, list.length)),
    h('dl', { class: 'headers' }, pairs),
  );
}
