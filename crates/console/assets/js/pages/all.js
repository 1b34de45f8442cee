// Every page, in the order of the navigation.

import { show as audit } from '/js/pages/audit.js';
import { show as groups } from '/js/pages/groups.js';
import { show as keys } from '/js/pages/keys.js';
import { show as objects } from '/js/pages/objects.js';
import { show as policies } from '/js/pages/policies.js';
import { show as refusals } from '/js/pages/refusals.js';
import { show as roles } from '/js/pages/roles.js';
import { show as sessions } from '/js/pages/sessions.js';
import { show as signature } from '/js/pages/signature.js';
import { show as users } from '/js/pages/users.js';

export const PAGES = [
  { name: 'objects', show: objects },
  { name: 'keys', show: keys },
  { name: 'sessions', show: sessions },
  { name: 'users', show: users },
  { name: 'groups', show: groups },
  { name: 'roles', show: roles },
  { name: 'policies', show: policies },
  { name: 'refusals', show: refusals },
  { name: 'audit', show: audit },
  { name: 'signature', show: signature },
];
