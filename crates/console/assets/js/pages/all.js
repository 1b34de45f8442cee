// Every page, in the order of the navigation.

import { show as audit } from '/js/pages/audit.js';
import { show as keys } from '/js/pages/keys.js';
import { show as objects } from '/js/pages/objects.js';
import { show as refusals } from '/js/pages/refusals.js';
import { show as sessions } from '/js/pages/sessions.js';
import { show as signature } from '/js/pages/signature.js';

export const PAGES = [
  { name: 'objects', show: objects },
  { name: 'keys', show: keys },
  { name: 'sessions', show: sessions },
  { name: 'refusals', show: refusals },
  { name: 'audit', show: audit },
  { name: 'signature', show: signature },
];
