// YAML: coloured for the editor, and written for a new rule.

import { h } from './dom.js';

const TOKENS = /(#.*$)|^(\s*(?:- )*)([\w.$/"'@-][^:#\n{}]*?)(:)(?=\s|$)|([\w.-]+)(:)(?= )|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|\b(true|false|null)\b|(-?\b\d[\d.]*(?:ms|s|m|h)?\b)/g;

/** A line in colours. */
function line(text) {
  const parts = [];
  let end = 0;
  const put = (kind, token) => parts.push(h('span', { class: kind }, token));
  for (const match of text.matchAll(TOKENS)) {
    const [whole, comment, indent, key, colon, flowKey, flowColon, string, word, number] = match;
    // A sign within a word begins no comment.
    if (comment && match.index > 0 && !/\s/.test(text[match.index - 1])) continue;
    parts.push(text.slice(end, match.index));
    if (comment) put('comment', comment);
    else if (key) {
      parts.push(indent);
      put('json-key', key);
      parts.push(colon);
    } else if (flowKey) {
      put('json-key', flowKey);
      parts.push(flowColon);
    } else if (string) put('json-string', string);
    else put('json-number', word ?? number);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** A text in colours, line by line. */
export function colouredYaml(text) {
  return text.split('\n').map((each) => [line(each), '\n']);
}

const isPlain = (text) => /^[A-Za-z][\w ./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) && !/\s$/.test(text);

function scalar(value) {
  if (typeof value !== 'string') return JSON.stringify(value);
  // A reader of rules takes ${…} for an expression, and $${ for the signs.
  const text = value.replaceAll('${', '$${');
  return isPlain(text) ? text : JSON.stringify(text);
}

const isEmpty = (value) => Object.keys(value).length === 0;

/** The value of a key, on its line or indented on those below it. */
export function yaml(value, indent) {
  if (value === null || typeof value !== 'object') return ` ${scalar(value)}`;
  if (isEmpty(value)) return Array.isArray(value) ? ' []' : ' {}';
  const start = `\n${' '.repeat(indent)}`;
  if (Array.isArray(value)) {
    return value.map((item) => `${start}-${yaml(item, indent + 2).replace(/^\n\s*/, ' ')}`).join('');
  }
  const key = (name) => (isPlain(name) ? name : JSON.stringify(name));
  return Object.entries(value).map(([name, item]) => `${start}${key(name)}:${yaml(item, indent + 2)}`).join('');
}
