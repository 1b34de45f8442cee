// A table whose rows come page by page: the next page is fetched when it is asked for.

import { fill, h } from '/js/dom.js';
import { t } from '/js/i18n.js';
import { button, table, trouble } from '/js/widgets.js';

/**
 * @template R
 * @param {{caption: string, columns: [string, (row: R) => unknown][], none?: string,
 *   page: (next: unknown) => Promise<{rows: R[], next: unknown}>}} parts
 *   `page` is given nothing at first, then what the page before named as the next.
 */
export function pagedTable({ caption, columns, none, page }) {
  const element = h('div', { 'aria-busy': 'true' }, h('p', { class: 'hint' }, t('say.loading')));
  const rows = [];
  async function more(next) {
    try {
      const told = await page(next);
      rows.push(...told.rows);
      const hasMore = told.next !== undefined && told.next !== null;
      fill(
        element,
        table(caption, columns, rows, hasMore ? t('say.noneYet') : none),
        hasMore && h('div', { class: 'actions after' }, button(t('do.more'), () => more(told.next))),
      );
    } catch (error) {
      fill(element, rows.length > 0 && table(caption, columns, rows, none), trouble(error, () => more(next)));
    }
    element.removeAttribute('aria-busy');
  }
  more(undefined);
  return element;
}
