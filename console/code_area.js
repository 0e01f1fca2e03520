// A text area for YAML, with numbers of lines, colours, and marks where something is wrong.
//
// The text area itself is transparent; the coloured text is below it and scrolls along. Tab leaves it, as it leaves any field.

import { fill, freshId, h } from './dom.js';
import { colouredYaml } from './yaml.js';

/** How many columns of a line are marked from where a problem is. */
const word = (text, column) => Math.max(1, (/^[^\s,{}[\]]+/.exec(text.slice(column - 1)) ?? [''])[0].length);

export function codeArea(label, attributes = {}) {
  const id = freshId('code');
  const numbers = h('div', { class: 'numbers', 'aria-hidden': 'true' });
  const colours = h('pre', { class: 'colours', 'aria-hidden': 'true' });
  const marks = h('div', { class: 'marks', 'aria-hidden': 'true' });
  const area = h('textarea', { id, wrap: 'off', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', ...attributes });
  let problems = [];

  const scroll = () => {
    const { scrollTop, scrollLeft } = area;
    numbers.scrollTop = scrollTop;
    colours.scrollTop = scrollTop;
    colours.scrollLeft = scrollLeft;
    marks.style.translate = `${-scrollLeft}px ${-scrollTop}px`;
  };
  const mark = () => {
    const lines = area.value.split('\n');
    const wrong = new Set(problems.map(({ line }) => line));
    fill(numbers, lines.map((_, index) => h('div', { class: wrong.has(index + 1) ? 'wrong' : null }, index + 1)));
    fill(marks, problems.filter(({ line }) => line > 0 && line <= lines.length).map(({ line, column, isWarning }) => {
      const from = Math.max(1, column || 1);
      const element = h('div', { class: isWarning ? 'mark warning' : 'mark' });
      element.style.top = `calc(${line - 1} * var(--line-height))`;
      element.style.left = `${from - 1}ch`;
      element.style.width = `${word(lines[line - 1], from)}ch`;
      return element;
    }));
  };
  const show = () => {
    fill(colours, colouredYaml(area.value));
    mark();
    scroll();
  };
  const insert = (text) => {
    // So that it can be undone.
    if (!document.execCommand('insertText', false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
  };
  area.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.altKey) return;
    // The next line begins where this one does, within a list at its content.
    const before = area.value.slice(0, area.selectionStart);
    const current = before.slice(before.lastIndexOf('\n') + 1);
    const [, indent, dash] = /^(\s*)((?:- )?)/.exec(current);
    event.preventDefault();
    insert(`\n${indent}${' '.repeat(dash.length)}`);
    show();
  });
  area.addEventListener('input', show);
  area.addEventListener('scroll', scroll);
  show();
  return {
    element: h(
      'div',
      { class: 'field grow' },
      h('label', { for: id }, label),
      h('div', { class: 'code-area' }, numbers, h('div', { class: 'layers' }, colours, h('div', { class: 'clip' }, marks), area)),
    ),
    area,
    set(text) {
      area.value = text;
      problems = [];
      show();
      area.setSelectionRange(0, 0);
      area.scrollTop = 0;
    },
    /** Marks problems: each with `line`, `column` and whether it `isWarning`. */
    mark(found) {
      problems = found;
      area.setAttribute('aria-invalid', String(found.some(({ isWarning }) => !isWarning)));
      mark();
    },
    /** Goes to a place. */
    goTo(line, column) {
      const start = area.value.split('\n').slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
      const at = Math.min(start + Math.max(0, column - 1), area.value.length);
      area.focus();
      area.setSelectionRange(at, at);
      area.scrollTop = Math.max(0, (line - 4) * Number.parseFloat(getComputedStyle(area).lineHeight));
      scroll();
    },
  };
}
