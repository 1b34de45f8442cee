// `npm start`: a store of its own with all that the page needs, made through the program's commands, and the page.
//
// The program is the one that `DAYPASS_BIN` names, or else the repository's own, built when it is not there yet, or else
// the one on the `PATH`. The data stays in the folder `data` beside this file until that is removed.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { UserServer } from './user-server.js';

const here = import.meta.dirname;
const repository = resolve(here, '../..');
const BUCKET = 'uploads-1250000000';
const REGION = 'ap-guangzhou';
const USER = 'alice';
const option = (name, fallback) => process.env[name] ?? fallback;

/** Ends with what went wrong. */
function giveUp(text) {
  console.error(`error: ${text}`);
  process.exit(1);
}

/** Runs a command that talks for itself. */
function must(command, given, cwd) {
  const done = spawnSync(command, given, { cwd, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) giveUp(`\`${command} ${given.join(' ')}\` failed`);
}

function program() {
  if (process.env.DAYPASS_BIN) return resolve(process.env.DAYPASS_BIN);
  const [release, debug] = ['release', 'debug'].map((profile) => join(repository, 'target', profile, 'daypass'));
  if (existsSync(release)) return release;
  if (spawnSync('cargo', ['--version']).status === 0 && existsSync(join(repository, 'Cargo.toml'))) {
    if (!existsSync(debug)) console.error('building daypass; this takes some minutes the first time');
    must('cargo', ['build', '--package', 'daypass'], repository);
    return debug;
  }
  if (spawnSync('daypass', ['--version']).status === 0) return 'daypass';
  return giveUp('there is no `daypass` on the PATH, and no cargo to build it');
}

/** Runs a command of the program with the store's key, and gives what it prints. */
function run({ binary, endpoint, id, secret }, given, input = '') {
  const env = { ...process.env, DAYPASS_ENDPOINT: endpoint, DAYPASS_SECRET_ID: id, DAYPASS_SECRET_KEY: secret };
  const done = spawnSync(binary, given, { env, input, encoding: 'utf8' });
  if (done.status !== 0) giveUp(`\`daypass ${given.join(' ')}\`: ${done.error?.message ?? done.stderr}`);
  return done.stdout;
}

/** Keys that are made the first time and kept: the root's, and later that of the user server. */
function kept(folder, name, make) {
  const file = join(folder, name);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(make()), { mode: 0o600 });
  return JSON.parse(readFileSync(file, 'utf8'));
}

async function startStore(binary, folder) {
  const root = kept(folder, 'root.json', () => ({
    id: `AKID${randomBytes(16).toString('hex')}`,
    secret: randomBytes(20).toString('hex'),
  }));
  const given = ['serve', '--data', join(folder, 'store'), '--listen', `127.0.0.1:${option('STORE_PORT', 9000)}`];
  const env = { ...process.env, DAYPASS_ROOT_SECRET_ID: root.id, DAYPASS_ROOT_SECRET_KEY: root.secret };
  const child = spawn(binary, given, { env, stdio: ['ignore', 'pipe', openSync(join(folder, 'store.log'), 'a')] });
  child.on('exit', (code) => {
    if (code !== 0) console.error(`error: the store ended; ${join(folder, 'store.log')} says why`);
    process.exit(code ?? 1);
  });
  process.on('exit', () => child.kill('SIGTERM'));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /:([0-9]+)$/.exec(JSON.parse(line).http);
    return { binary, endpoint: `http://127.0.0.1:${port}`, port, ...root };
  }
  return giveUp('the store did not start');
}

/** The bucket, and a sub-account for the user server with the rights that it hands on, and no others. */
function prepare(store, folder) {
  if (existsSync(join(folder, 'server.json'))) return kept(folder, 'server.json');
  run(store, ['mb', `cos://${BUCKET}`]);
  const name = 'user-server';
  const user = JSON.parse(run(store, ['user', 'add', name, '--with-key', '--json']));
  const [, appid] = /-([0-9]+)$/.exec(BUCKET);
  const resource = `qcs::cos:${REGION}:uid/${appid}:${BUCKET}/*`;
  const statement = [
    { effect: 'allow', action: 'name/cos:*', resource },
    { effect: 'allow', action: 'name/sts:GetFederationToken', resource: '*' },
  ];
  const document = JSON.stringify({ version: '2.0', statement });
  const made = JSON.parse(run(store, ['policy', 'create', '--name', name, '--document', '-', '--json'], document));
  run(store, ['policy', 'attach', '--user', name, String(made.id)]);
  return kept(folder, 'server.json', () => ({ id: user.secret_id, secret: user.secret_key }));
}

/** Lets pages of this origin reach the bucket, and read what the SDK needs of the answers. */
function allowOrigin(store, origin) {
  const rule = ['--origin', origin, '--method', 'GET,HEAD,PUT,POST,DELETE', '--header', '*'];
  const told = ['--expose', 'ETag,Date,x-cos-request-id', '--max-age', '600'];
  run(store, ['cors', 'put', `cos://${BUCKET}`, ...rule, ...told]);
}

if (!existsSync(join(here, 'node_modules', 'cos-js-sdk-v5'))) must('npm', ['ci', '--no-fund', '--no-audit'], here);
const folder = resolve(option('DATA', join(here, 'data')));
mkdirSync(folder, { recursive: true, mode: 0o700 });
const store = await startStore(program(), folder);
const key = prepare(store, folder);
const domain = `{Bucket}.localhost:${store.port}`;
const place = { bucket: BUCKET, region: REGION, protocol: 'http:', domain };
const reached = { ...store, ...key, publicEndpoint: `http://localhost:${store.port}` };
const userServer = await UserServer.start(reached, place, folder, { port: Number(option('PORT', 8080)), guest: USER });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => userServer.stop().finally(() => process.exit(0)));
allowOrigin(store, userServer.origin());
console.log(`The page is at ${userServer.origin()} (you are ${USER}); Ctrl-C ends it.`);
