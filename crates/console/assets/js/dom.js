// Elements are made here and nowhere else. Whatever comes from the server becomes text, never markup: there is no way
// through this module from a string to an element.

/**
 * Makes an element. Attributes that begin with `on` are listeners, `true` sets an attribute without a value, `false`,
 * `null` and `undefined` leave it out; children are elements, texts, or nothing.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...unknown} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...present(children));
  return element;
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function set(element, name, value) {
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'value') element.value = value;
  else if (value === true) element.setAttribute(name, '');
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

let nextId = 0;

/** An id that no other element of the page has, for a label or a description to name. */
export function freshId() {
  nextId += 1;
  return `e${nextId}`;
}

/** Says something to whoever listens to the page instead of looking at it. */
export function announce(text) {
  document.getElementById('said').textContent = text;
}
