// Every page, in the order of the navigation.

import { show as objects } from '/js/pages/objects.js';
import { show as keys } from '/js/pages/keys.js';

export const PAGES = [
  { name: 'objects', show: objects },
  { name: 'keys', show: keys },
];
