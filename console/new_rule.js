// The text of a new rule: for a call that nothing answered, or to begin with.

import { call } from './connect.js';
import { server } from './server.js';
import { yaml } from './yaml.js';

/** How a method of each shape answers. */
function answer(method, sample) {
  if (method.clientStreaming && method.serverStreaming) return { session: { message: [{ send: sample }] } };
  return method.serverStreaming ? { stream: [{ send: sample }] } : { reply: sample };
}

/** A rule for the call with an id, or for the first method. */
export async function newRule(id, signal) {
  const recorded = id ? (await call('GetCall', { id }, signal)).call : null;
  const method = server.methods.find(({ name }) => name === recorded?.method) ?? server.methods[0];
  if (!method) return 'rules:\n';
  const { sample } = await call('Describe', { name: method.output }, signal);
  const request = (recorded?.messages ?? []).find(({ direction }) => direction === 'REQUEST')?.json;
  const rule = {
    name: id ? `for call ${id}` : 'a new rule',
    method: method.name,
    ...(request && !method.clientStreaming && Object.keys(request).length > 0 ? { match: request } : {}),
    ...answer(method, JSON.parse(sample)),
  };
  return `rules:${yaml([rule], 2)}\n`;
}
