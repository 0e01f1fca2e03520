// The editor of rules that are put at run time. What is wrong with them is shown in place while one writes.

import { codeArea } from './code_area.js';
import { call } from './connect.js';
import { debounced, field, fill, h, say } from './dom.js';
import { plural } from './format.js';
import { newRule } from './new_rule.js';
import { ofSession, onSession, session } from './session.js';

/** How long one has not written before the rules are checked, in milliseconds. */
const PAUSE = 350;

/** A problem that leads to its place. */
function placedItem({ message, hint, line, column, isWarning }, code) {
  const place = line ? `Line ${line}${column ? `, column ${column}` : ''}` : 'The rules';
  return h(
    'li',
    { class: isWarning ? 'warning' : 'problem' },
    line ? h('button', { type: 'button', class: 'link', onclick: () => code.goTo(line, column) }, place) : h('b', {}, place),
    h('span', {}, message),
    hint && h('span', { class: 'hint' }, hint),
  );
}

/** What to edit, by the address: the name of it, and the text. */
async function begin(rest, signal) {
  const [kind, ...parts] = rest.split('/');
  const name = parts.join('/');
  if (kind === 'put' || kind === 'rule') {
    const { yaml } = await call('GetRule', { ...(kind === 'put' ? { put: name } : { place: name }), ...ofSession() }, signal);
    return { name: kind === 'put' ? name : '', yaml };
  }
  return { name: '', yaml: await newRule(kind === 'call' ? name : null, signal) };
}

export function editorView(rest, signal) {
  const name = field('Name', h('input', { type: 'text', placeholder: 'made up if empty', spellcheck: 'false', autocapitalize: 'off', maxlength: '100' }));
  const summary = h('p', { class: 'summary', role: 'status', id: 'editor-summary' });
  const code = codeArea('Rules in YAML', { 'aria-describedby': 'editor-summary' });
  const list = h('ol', { class: 'problem-list' });
  const put = h('button', { class: 'primary' }, 'Put');
  const remove = h('button', { type: 'button' }, 'Delete');
  const whose = h('p', { class: 'count', role: 'status' });
  let asked = 0;

  const show = (problems, warnings, text) => {
    const all = [...(problems ?? []), ...(warnings ?? []).map((warning) => ({ ...warning, isWarning: true }))];
    code.mark(all);
    fill(list, all.map((problem) => placedItem(problem, code)));
    say(summary, text);
    summary.className = (problems ?? []).length > 0 ? 'summary wrong' : 'summary';
  };
  /** Checks or puts the text; an older answer does not take the place of a newer one. */
  const send = async (checkOnly) => {
    check.cancel();
    asked += 1;
    const mine = asked;
    try {
      const answer = await call('PutRules', { name: name.control.value.trim(), yaml: code.area.value, checkOnly, ...ofSession() }, signal);
      if (mine !== asked) return;
      const { problems, warnings, rules } = answer;
      const wrong = (problems?.length ?? 0) + (answer.moreProblems ?? 0);
      name.wrong('');
      if (wrong > 0) show(problems, warnings, checkOnly ? plural(wrong, 'problem') : `${plural(wrong, 'problem')}: nothing was changed`);
      else if (checkOnly) show([], warnings, `${plural(rules, 'rule')}, nothing wrong. Not put yet.`);
      else {
        name.control.value = answer.name;
        remove.hidden = false;
        history.replaceState(null, '', `#/edit/put/${encodeURIComponent(answer.name)}`);
        show([], warnings, `${plural(rules, 'rule')} put as ${answer.name}: they answer from now on`);
      }
      if (!checkOnly && wrong > 0) list.querySelector('button')?.focus();
    } catch (error) {
      if (signal.aborted || mine !== asked) return;
      // Only the name can be wrong about a request.
      if (error.code === 'invalid_argument') name.wrong(error.message);
      else say(summary, error.message);
    }
  };
  const check = debounced(PAUSE, () => send(true));
  code.area.addEventListener('input', check);
  name.control.addEventListener('input', check);
  remove.addEventListener('click', async () => {
    try {
      await call('DeleteRules', { name: name.control.value.trim(), ...ofSession() }, signal);
      location.hash = '#/rules';
    } catch (error) {
      if (!signal.aborted) say(summary, error.message);
    }
  });
  const keys = (event) => {
    const puts = event.key === 'Enter' || event.key === 's';
    if (!puts || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send(false);
  };
  const submit = (event) => {
    event.preventDefault();
    send(false);
  };
  const element = h(
    'form',
    { class: 'single editor', onsubmit: submit, onkeydown: keys, 'aria-labelledby': 'editor-title' },
    h('div', { class: 'title' }, h('h2', { id: 'editor-title' }, 'Edit rules'), whose),
    h('div', { class: 'bar' }, name.element, h('div', { class: 'buttons' }, put, remove, h('a', { href: '#/rules' }, 'All rules'), h('span', { class: 'hint' }, 'Ctrl+Enter puts'))),
    code.element,
    h('div', { class: 'verdict' }, summary, list),
  );
  const go = async (address) => {
    remove.hidden = true;
    try {
      const { name: known, yaml } = await begin(address, signal);
      name.control.value = known;
      remove.hidden = known === '';
      code.set(yaml);
      await send(true);
    } catch (error) {
      if (!signal.aborted) say(summary, error.message);
    }
  };
  const showSession = () => {
    const calls = session.name ? `the calls of the session ${session.name} alone` : 'all calls';
    say(whose, `They stand in front of those of files, and answer ${calls} as soon as they are put.`);
  };
  // What was put for one session is not there for another.
  onSession(signal, () => {
    showSession();
    remove.hidden = true;
    send(true);
  });
  showSession();
  signal.addEventListener('abort', check.cancel);
  go(rest);
  return { element, go };
}
