// Which page is shown: the fragment of the address, `#/objects/photos-1250000000/2026/`. It never holds a secret; whatever
// follows the page's name is handed to the page as decoded segments.

/** The name of the page and its segments. */
export function here() {
  const [name, ...segments] = location.hash.replace(/^#\/?/, '').split('/');
  return { name, segments: segments.map(decoded) };
}

/** The address of a page. */
export function to(name, ...segments) {
  return `#/${[name, ...segments.map((segment) => encodeURIComponent(segment))].join('/')}`;
}

/** Goes to a page. */
export function go(name, ...segments) {
  location.hash = to(name, ...segments);
}

// What somebody typed by hand need not be an encoding.
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
