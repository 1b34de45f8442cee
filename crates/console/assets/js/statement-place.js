// Where a statement of a policy stands in its text, so that it can be shown.

/**
 * The first and the last character of the statement with this index, or nothing if the text has no such one.
 * @param {string} text
 * @param {number} index counted from 0
 * @returns {[number, number] | null}
 */
export function statementPlace(text, index) {
  const list = /"statement"\s*:\s*/i.exec(text);
  if (list === null) return null;
  const from = list.index + list[0].length;
  // One statement may stand without a list around it.
  const own = text[from] === '[' ? 1 : 0;
  let [depth, inText, count, start] = [0, false, 0, 0];
  for (let at = from; at < text.length; at += 1) {
    const mark = text[at];
    if (inText) {
      if (mark === '\\') at += 1;
      else if (mark === '"') inText = false;
    } else if (mark === '"') {
      inText = true;
    } else if (mark === '{' || mark === '[') {
      if (mark === '{' && depth === own) start = at;
      depth += 1;
    } else if (mark === '}' || mark === ']') {
      depth -= 1;
      if (mark === '}' && depth === own) {
        if (count === index) return [start, at + 1];
        count += 1;
      }
      if (depth <= 0) return null;
    }
  }
  return null;
}
