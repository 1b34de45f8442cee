// A store that somebody has worked in, so that no page of the console is empty: each list has its row, each state its
// badge. What depends on chance or on the clock is masked where it is compared.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { APPID, REGION, newFolder } from '../sdk-node/server.js';
import { BUCKET } from './stage.js';

const OBJECTS = {
  'alice/note.txt': 'a note',
  'alice/2026/cat.png': 'no cat',
  'alice/2026/empty': '',
  'bob/a name that is so long that no column of any table has room for all of it, least of all on a phone.tar.gz': 'b',
  '报告/第一季度.txt': '报告',
};

const ALICE = [{ effect: 'allow', action: 'name/cos:*', resource: `qcs::cos:${REGION}:uid/${APPID}:${BUCKET}/alice/*` }];

const TRUST = { version: '2.0', statement: [{ effect: 'allow', action: 'name/sts:AssumeRole', principal: { qcs: [`qcs::cam::uin/100000000001:root`] } }] };

/** Fills the store of a stage; gives what only the store can tell of it. */
export async function furnish(stage) {
  const folder = newFolder('world');
  for (const [key, text] of Object.entries(OBJECTS)) {
    mkdirSync(dirname(join(folder, key)), { recursive: true });
    writeFileSync(join(folder, key), text);
  }
  stage.command(['mb', `cos://${BUCKET}`]);
  stage.command(['cp', folder, `cos://${BUCKET}/`, '--recursive']);
  const alice = stage.newUser('alice', ALICE);
  stage.newUser('bob', [{ effect: 'deny', action: '*', resource: '*' }]);
  const { id: group } = stage.command(['group', 'create', 'photographers', '--remark', 'Whoever takes pictures', '--json']);
  stage.command(['group', 'add', '--user', 'alice', String(group)]);
  stage.command(['role', 'create', 'uploader', '--trust', '-'], { input: JSON.stringify(TRUST) });
  stage.command(['session', 'revoke', '--id', stage.newTemporaryKey({ name: 'ended' }).id]);
  stage.newTemporaryKey({ name: 'mobile-app' });
  const link = stage.command(['presign', `cos://${BUCKET}/bob/secret.txt`], { key: alice }).trim();
  const answer = await fetch(link);
  assert.equal(answer.status, 403);
  return { refusedRequest: answer.headers.get('x-cos-request-id') };
}
