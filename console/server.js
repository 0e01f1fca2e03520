// What is known of the server: its status and its sessions, asked for every two seconds, and its methods.

import { call, callForList, onOutcome } from './connect.js';

const INTERVAL = 2000;

/** `status`: there is a new one. `state`: the server has gone, is back, or wants a token. */
export const server = Object.assign(new EventTarget(), {
  /** `ok`, `away`, or `token` if it wants one. */
  state: 'ok',
  status: null,
  sessions: [],
  methods: [],
});

let timer = 0;
/** The reload of which the methods are. */
let methodsOf = null;

function setState(state) {
  if (server.state === state) return;
  server.state = state;
  server.dispatchEvent(new Event('state'));
}

onOutcome((error) => {
  if (error === null) setState('ok');
  else if (error.wantsToken) setState('token');
  else if (error.isAway) {
    setState('away');
    // Whoever noticed, the heartbeat finds out when it is back.
    schedule(INTERVAL / 2);
  }
});

function schedule(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(beat, milliseconds);
}

async function beat() {
  clearTimeout(timer);
  try {
    const [status, { sessions }] = await Promise.all([call('Status'), callForList('ListSessions', 'sessions')]);
    // Another start is another server, and another reload other methods.
    const of = `${status.start} ${status.lastReload?.time}`;
    if (of !== methodsOf) {
      const { methods } = await callForList('ListMethods', 'methods');
      server.methods = methods;
      methodsOf = of;
    }
    const restarted = server.status !== null && server.status.start !== status.start;
    server.status = status;
    server.sessions = sessions;
    if (restarted) server.dispatchEvent(new Event('restart'));
    server.dispatchEvent(new Event('status'));
  } catch {
    // It was told as an outcome.
  }
  if (server.state !== 'token') schedule(INTERVAL);
}

/** Asks now. */
export function ask() {
  return beat();
}

/** Listens to the server for as long as a view is there. */
export function listen(signal, types, act) {
  for (const type of types) server.addEventListener(type, act, { signal });
}

/** Does something now and again, one at a time, while a view is there and can be seen. */
export function repeat(signal, milliseconds, act) {
  const turn = async () => {
    if (signal.aborted) return;
    if (!document.hidden && server.state !== 'token') await act();
    if (!signal.aborted) setTimeout(turn, milliseconds);
  };
  turn();
}
