// How times, sizes, names and messages are shown.

import { h } from './dom.js';

/** A time of day, to the millisecond. */
export function time(timestamp) {
  const date = new Date(timestamp);
  const part = (number, digits = 2) => String(number).padStart(digits, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((number) => part(number)).join(':');
  return `${clock}.${part(date.getMilliseconds(), 3)}`;
}

/** A date and a time. */
export function dateAndTime(timestamp) {
  return new Date(timestamp).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The seconds of a google.protobuf.Duration in JSON. */
export function seconds(duration) {
  return Number.parseFloat(duration ?? '0');
}

const figures = (number) => (number >= 100 ? number.toFixed(0) : number.toPrecision(3));

/** A duration for people: as in 1.25 ms. */
export function span(duration) {
  const all = seconds(duration);
  if (all < 0.001) return `${Math.round(all * 1e6)} µs`;
  if (all < 1) return `${figures(all * 1e3)} ms`;
  if (all < 60) return `${figures(all)} s`;
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(all % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number of bytes. */
export function bytes(count) {
  const number = Number(count ?? 0);
  if (number < 1024) return `${number} B`;
  if (number < 1024 * 1024) return `${figures(number / 1024)} KiB`;
  return `${figures(number / 1024 / 1024)} MiB`;
}

/** So many of something: `plural(2, 'call')` is "2 calls". */
export function plural(count, one, many = `${one}s`) {
  const number = Number(count ?? 0);
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** The name of a method, its own name in front of the eye. */
export function methodName(name) {
  const slash = name.lastIndexOf('/');
  if (slash < 0) return [name];
  return [h('span', { class: 'service' }, name.slice(0, slash + 1)), h('wbr'), h('b', {}, name.slice(slash + 1))];
}

/** A status code, in the colour of what it means. */
export function code(name) {
  if (!name) return h('span', { class: 'code open' }, 'in flight');
  return h('span', { class: name === 'OK' ? 'code ok' : 'code failed' }, name);
}

/** How a method is called, in words. */
export function shape(method) {
  if (method.clientStreaming) return method.serverStreaming ? 'bidirectional streaming' : 'client streaming';
  return method.serverStreaming ? 'server streaming' : 'unary';
}

/** Longer text is not coloured: it would be very many elements. */
const MAX_COLOURED = 20_000;

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON in colours. */
export function json(value) {
  return colouredJson(JSON.stringify(value, null, 2));
}

/** A text in JSON, in colours. */
export function colouredJson(text) {
  if (text.length > MAX_COLOURED) return [text];
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    parts.push(text.slice(end, match.index));
    const [whole, string, colon] = match;
    const kind = colon ? 'key' : string ? 'string' : 'number';
    parts.push(h('span', { class: `json-${kind}` }, string ?? whole), colon ?? '');
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** A block of code that can be scrolled by keys too. */
export function block(label, ...content) {
  return h('pre', { class: 'block', tabindex: '0', role: 'group', 'aria-label': label }, ...content);
}
