// What a page is made of, as a screen reader meets it: roles, headings, labels and what can be pressed. What comes of the
// clock or of chance is masked; of a list one row is kept, without its data, since these are not the page's doing.

/** The structure as lines of YAML. */
export async function structureOf(page) {
  return `${oneRowEach(masked(await page.locator('body').ariaSnapshot()).split('\n')).join('\n')}\n`;
}

const MASKS = [
  [/127\.0\.0\.1:\d+/g, '<host>'],
  [/\bAKID[\w-]{12,}/g, '<key id>'],
  [/(?<![\w+-])[\w+-]{24,}={1,2}/g, '<id>'],
  [/(?<![\w+-])(?=[\w+-]*\d)[\w+-]{24,}/g, '<id>'],
  [/\b[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2}:\d{2}\s[AP]M/g, '<moment>'],
  [/\b[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT/g, '<moment>'],
  [/\b1[78]\d{8}(?:\d{3})?\b/g, '<seconds>'],
  [/Daypass \d+\.\d+\.\d+/gi, 'Daypass <version>'],
  [/(- code: )"\d+"/g, '$1<number>'],
  [/(- code: )(?:Mozilla|daypass)\/.*/g, '$1<agent>'],
];

const masked = (text) => MASKS.reduce((so, [what, by]) => so.replace(what, by), text);

const indentOf = (line) => line.search(/\S/);
const isRow = (line) => /^\s*- '?row\b/.test(line);

function oneRowEach(lines) {
  const kept = [];
  // The indents at which a row of data was kept, and how deep the row is that is being read or left out.
  const seen = new Set();
  let [row, isLeftOut] = [Infinity, false];
  lines.forEach((line, index) => {
    const indent = indentOf(line);
    if (indent <= row) row = Infinity;
    for (const other of seen) if (indent < other) seen.delete(other);
    if (isRow(line) && row === Infinity) {
      if (/columnheader/.test(lines[index + 1] ?? '')) return kept.push(line);
      [row, isLeftOut] = [indent, seen.has(indent)];
      seen.add(indent);
    }
    if (row === Infinity) kept.push(line);
    else if (!isLeftOut && !/- \/url:/.test(line)) kept.push(withoutData(line));
    return undefined;
  });
  return kept;
}

// The name of a row and of a cell is what they hold. That of a button says what it does, and may name its row after that.
function withoutData(line) {
  const [, indent, role, shown = ''] = /^(\s*)- '?([\w-]+)(?:.*"'?: (\S.*))?/.exec(line);
  return role === 'button' && shown !== '' ? `${indent}- button: ${shown}` : `${indent}- ${role}${line.endsWith(':') ? ':' : ''}`;
}
