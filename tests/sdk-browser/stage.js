// All parts of the scene for the tests of one file: the server, a sub-account, user servers, and the browser.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before } from 'node:test';

import { UserServer } from '../../examples/web-direct-upload/user-server.js';
import { Cloud, REGION, unique } from '../sdk-node/cloud.js';
import { Server, daypassBinary, newFolder } from '../sdk-node/server.js';
import { Browser } from './browser.js';

/** How a page may reach a bucket: the names below `localhost` by either protocol, and the original's own. */
export const WAYS = [
  { name: 'HTTP below localhost', protocol: 'http:', domain: ({ httpPort }) => `{Bucket}.localhost:${httpPort}` },
  { name: 'HTTPS below localhost', protocol: 'https:', domain: ({ httpsPort }) => `{Bucket}.localhost:${httpsPort}` },
  { name: 'HTTPS under the original’s names', protocol: 'https:', domain: () => '' },
];

/** The names below `localhost` that pages are served under and the user server lets in. */
const PAGES = ['app', 'other', 'some', 'anywhere', 'stranger'];

/** Headers that the pages may read. */
export const EXPOSED = ['ETag', 'Date', 'Content-Range', 'x-cos-request-id', 'x-cos-hash-crc64ecma', 'x-cos-meta-note'];

/** A rule by which pages of this origin may do everything. */
export function rule(origin, more = {}) {
  return {
    AllowedOrigin: [origin],
    AllowedMethod: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'],
    AllowedHeader: ['*'],
    ExposeHeader: EXPOSED,
    MaxAgeSeconds: 600,
    ...more,
  };
}

/** The parts for the tests of one file, and what they find there. */
export function setUp(prepare = async () => {}) {
  const stage = new Stage();
  before(async () => {
    await stage.open();
    await prepare();
  });
  after(() => stage.close());
  return stage;
}

class Stage {
  cloud = new Cloud();
  #userServers = [];

  async open() {
    this.cloud.server = await Server.start();
    this.account = this.newAccount();
    this.browser = await Browser.start(this.cloud.server.httpsPort);
  }

  async close() {
    await this.browser?.stop();
    for (const userServer of this.#userServers) await userServer.stop();
    await this.cloud.server?.stop();
  }

  /** The administrator's client. */
  get administrator() {
    return this.cloud.cos();
  }

  /** Runs the command line with the root's key; what it prints is JSON. */
  command(argumentsGiven, input) {
    const { root, server } = this.cloud;
    const done = spawnSync(daypassBinary(), argumentsGiven, {
      input,
      encoding: 'utf8',
      env: {
        ...process.env,
        DAYPASS_ENDPOINT: `http://127.0.0.1:${server.httpPort}`,
        DAYPASS_SECRET_ID: root.id,
        DAYPASS_SECRET_KEY: root.secret,
      },
    });
    assert.equal(done.status, 0, done.stderr);
    return argumentsGiven.includes('--json') ? JSON.parse(done.stdout) : done.stdout;
  }

  /** A sub-account for a user server: it may use the object store, and mint keys. */
  newAccount() {
    const name = unique('server');
    const { secret_id: id, secret_key: secret } = this.command(['user', 'add', name, '--with-key', '--json']);
    const statement = ['name/cos:*', 'name/sts:GetFederationToken'].map((action) => ({ effect: 'allow', action, resource: '*' }));
    const document = JSON.stringify({ version: '2.0', statement });
    const made = this.command(['policy', 'create', '--name', name, '--document', '-', '--json'], document);
    this.command(['policy', 'attach', '--user', name, String(made.id)]);
    return { name, id, secret };
  }

  /** A bucket with a user server of its own, whose pages reach the bucket this way. */
  async newPlace(way = WAYS[0], { account = this.account, lifetime } = {}) {
    const { server } = this.cloud;
    const { Bucket } = await this.cloud.newBucket();
    const place = { bucket: Bucket, region: REGION, protocol: way.protocol, domain: way.domain(server) };
    const endpoint = `http://127.0.0.1:${server.httpPort}`;
    const store = { binary: daypassBinary(), endpoint, publicEndpoint: `http://localhost:${server.httpPort}`, ...account };
    // Without its cache a page gets a new key whenever it asks for one, and the tests count them.
    const options = { seconds: lifetime, cache: 0, names: PAGES };
    const userServer = await UserServer.start(store, place, newFolder('broker'), options);
    this.#userServers.push(userServer);
    return new Place(this, Bucket, userServer);
  }
}

/** A bucket, and the user server that mints keys for it. */
export class Place {
  constructor(stage, bucket, userServer) {
    Object.assign(this, { stage, userServer, where: { Bucket: bucket, Region: REGION } });
  }

  /** Gives the bucket these rules for other origins, or takes them away when there are none. */
  async setRules(...CORSRules) {
    const { administrator } = this.stage;
    if (CORSRules.length === 0) await administrator.deleteBucketCors(this.where);
    else await administrator.putBucketCors({ ...this.where, CORSRules });
  }

  /** Opens the page as a user; it is served by this name below `localhost`. */
  visit(user = 'alice', name = 'app') {
    return this.stage.browser.visit(this.userServer.origin(name), this.userServer.signIn(user));
  }

  /** What is stored under a key, as the administrator reads it. */
  async stored(Key) {
    return (await this.stage.administrator.getObject({ ...this.where, Key })).Body;
  }
}
