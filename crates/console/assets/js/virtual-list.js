// A table of any length of which only the rows in sight exist. Rows are of one height; more are asked for when the end
// comes near.

import { fill, h } from '/js/dom.js';

const ROW_HEIGHT = 44;
/** Rows that exist above and below those in sight, so that scrolling shows no gap. */
const SPARE = 12;
/** How many rows before the end more are asked for. */
const AHEAD = 200;

/**
 * @template R
 * @param {{caption: string, titles: unknown[], cells: (row: R) => unknown[], more: () => Promise<R[] | null>,
 *   failed: (error: Error, retry: () => void) => HTMLElement, empty: string}} parts
 *   `more` gives the next rows, or nothing when there are no more.
 */
export function virtualList({ caption, titles, cells, more, failed, empty }) {
  const rows = [];
  const shown = new Map();
  let [isAtEnd, isAsking, isQueued] = [false, false, false];

  const body = h('div', { class: 'rows', role: 'rowgroup' });
  const note = h('div', { class: 'hint' });
  const grid = h(
    'div', { class: 'virtual', role: 'table', 'aria-label': caption },
    h('div', { role: 'rowgroup' },
      h('div', { class: 'row titles', role: 'row', 'aria-rowindex': 1 },
        titles.map((title) => h('span', { role: 'columnheader' }, title)))),
    body,
  );
  const viewport = h('div', { class: 'viewport', tabindex: 0, role: 'region', 'aria-label': caption, onscroll: queue }, grid);

  function queue() {
    if (isQueued) return;
    isQueued = true;
    requestAnimationFrame(() => {
      isQueued = false;
      draw();
    });
  }

  function draw() {
    const first = Math.max(0, Math.floor(viewport.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(rows.length, Math.ceil((viewport.scrollTop + viewport.clientHeight) / ROW_HEIGHT) + SPARE);
    for (const [index, element] of shown) {
      if (index < first || index >= last) {
        element.remove();
        shown.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) if (!shown.has(index)) place(index);
    if (!isAtEnd && last + AHEAD > rows.length) ask();
  }

  function place(index) {
    const row = h('div', { class: 'row', role: 'row', 'aria-rowindex': index + 2 },
      cells(rows[index]).map((cell) => h('span', { role: 'cell' }, cell)));
    row.style.transform = `translateY(${index * ROW_HEIGHT}px)`;
    shown.set(index, row);
    // The order of elements is the order in which they are read out and reached by the keyboard.
    const next = [...shown.keys()].filter((other) => other > index).reduce((least, other) => Math.min(least, other), Infinity);
    body.insertBefore(row, shown.get(next) ?? null);
  }

  async function ask() {
    if (isAsking) return;
    isAsking = true;
    try {
      const next = await more();
      isAtEnd = next === null;
      rows.push(...(next ?? []));
      fill(note, isAtEnd && rows.length === 0 ? empty : '');
    } catch (error) {
      isAtEnd = true;
      fill(note, failed(error, () => { isAtEnd = false; ask(); }));
    }
    isAsking = false;
    body.style.height = `${rows.length * ROW_HEIGHT}px`;
    grid.setAttribute('aria-rowcount', String(isAtEnd ? rows.length + 1 : -1));
    draw();
  }

  new ResizeObserver(queue).observe(viewport);
  ask();
  return h('div', {}, viewport, note);
}
