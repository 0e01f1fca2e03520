// Elements made in code. Text stays text: nothing is ever read as HTML.

/**
 * An element with attributes and children. A function is a listener (`onclick`), `true` an attribute without a value, and
 * `null`, `undefined` and `false` are left out, among children too.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  add(element, children);
  return element;
}

/** Appends children: elements, text, and lists of them. */
function add(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(element, child);
    else element.append(child);
  }
}

/** Puts other children in the place of those of an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

/** Sets the text of an element, if it is another: so a live region speaks only of what is new. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let ids = 0;

/** An id that no other element has. */
export function freshId(name) {
  ids += 1;
  return `${name}-${ids}`;
}

/** A field with its label, and a place for what is wrong with it. `control` is an input, a select or a text area. */
export function field(label, control, hint = null) {
  const id = freshId('field');
  control.id = id;
  const error = h('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  const described = [`${id}-error`];
  if (hint) described.unshift(`${id}-hint`);
  control.setAttribute('aria-describedby', described.join(' '));
  const element = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    control,
    hint && h('p', { class: 'hint', id: `${id}-hint` }, hint),
    error,
  );
  return {
    element,
    control,
    /** Says what is wrong, or with '' that nothing is. */
    wrong(text) {
      say(error, text);
      if (text) control.setAttribute('aria-invalid', 'true');
      else control.removeAttribute('aria-invalid');
    },
  };
}

/** Calls `act` when nothing has been asked for a while. */
export function debounced(milliseconds, act) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds, ...given);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
