// Runs the suite of the folder that it is started in: makes a local authority, then starts Node.js's test runner with it.
//
// The part that administers the server is that of `tests/sdk-node`, with its packages. Arguments go to the test
// runner, such as `--test-name-pattern=expired`; names of files run these alone.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { daypassBinary } from '../sdk-node/server.js';

const here = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'daypass-sdk-browser-'));
try {
  process.exitCode = run(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(given) {
  const made = spawnSync(daypassBinary(), ['tls', 'init', '--dir', join(folder, 'tls')], { encoding: 'utf8' });
  if (made.status !== 0) {
    console.error(`\`daypass tls init\` failed: ${made.error ?? made.stdout + made.stderr}`);
    return 1;
  }
  const options = given.filter((argument) => argument.startsWith('-'));
  const named = given.filter((argument) => !argument.startsWith('-'));
  const all = readdirSync(here).filter((name) => name.endsWith('.test.js')).sort();
  const files = (named.length > 0 ? named : all).map((name) => join(here, name));
  const tests = spawnSync(process.execPath, ['--test', ...options, ...files], { stdio: 'inherit', env: environment() });
  return tests.status ?? 1;
}

function environment() {
  // Neither the SDKs nor the browser may send elsewhere what is meant for the loopback interface.
  const own = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name));
  return {
    ...Object.fromEntries(own),
    NODE_EXTRA_CA_CERTS: join(folder, 'tls', 'ca.pem'),
    DAYPASS_TEST_FOLDER: folder,
  };
}
