// The vendor's SDKs, pointed at the server, and the few things that most tests need of them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { after, before } from 'node:test';

import COS from 'cos-nodejs-sdk-v5';
import STS from 'qcloud-cos-sts';
import { CommonClient } from 'tencentcloud-sdk-nodejs-common';
import api from 'tencentcloud-sdk-nodejs-sts';

import { APPID, REGION, Server, newFolder } from './server.js';

export { APPID, REGION };

/** Both ways to the object store. */
export const PROTOCOLS = ['https:', 'http:'];

/** One statement of a policy. */
export function statement(action, resource, more = {}) {
  return { effect: 'allow', action, resource, ...more };
}

/** The resource of an object, of several, or with an empty pattern of the bucket itself. */
export function inBucket(bucket, pattern) {
  return `qcs::cos:${REGION}:uid/${APPID}:${bucket}/${pattern}`;
}

export function policy(...statements) {
  return { version: '2.0', statement: statements };
}

export function unique(what) {
  return `${what}-${randomBytes(6).toString('hex')}`;
}

/** The object store refuses with this status and code; answers without a body have their status for a code. */
export async function refuses(promise, status, code = String(status)) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.statusCode, error.code], [status, code], error);
    assert.ok(error.headers['x-cos-request-id'], 'a refusal has a request id');
    return true;
  });
}

/** The token service refuses with this code. */
export async function stsRefuses(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.Code, code, error);
    assert.ok(error.RequestId && error.Message);
    return true;
  });
}

/** The token service or the access management refuses the general SDK with this code. */
export async function apiRefuses(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, code, error);
    assert.ok(error.requestId);
    return true;
  });
}

/** Writes down which action an SDK called, and how that was answered, where somebody wants to know. */
async function noted(sdk, action, answered) {
  const note = (outcome) => {
    if (process.env.DAYPASS_CALLS) appendFileSync(process.env.DAYPASS_CALLS, `${sdk}\t${action}\t${outcome}\n`);
  };
  try {
    const answer = await answered;
    note('ok');
    return answer;
  } catch (error) {
    note(error.Code ?? error.code ?? 'unreadable');
    throw error;
  }
}

/** A server, with these options, for the tests of one file, and what they find there. */
export function setUp(prepare = async () => {}, options = []) {
  const cloud = new Cloud();
  before(async () => {
    cloud.server = await Server.start(options);
    await prepare();
  });
  after(async () => {
    await cloud.server.stop();
  });
  return cloud;
}

export class Cloud {
  server;

  get root() {
    return this.server.root;
  }

  /** The port that serves a protocol. */
  port(protocol) {
    return protocol === 'https:' ? this.server.httpsPort : this.server.httpPort;
  }

  /**
   * A client of the object store with this key, unless the options say how it gets one. It sends the host names of the
   * real service, over a connection to us.
   */
  cos(key = this.root, options = {}) {
    const protocol = options.Protocol ?? 'https:';
    const identity = key && { SecretId: key.id, SecretKey: key.secret, SecurityToken: key.token };
    return new COS({
      ...identity,
      Protocol: protocol,
      Ip: `127.0.0.1:${this.port(protocol)}`,
      ConfCwd: newFolder('sdk'),
      ...options,
    });
  }

  /** What the STS SDK answers; it speaks nothing but HTTPS. */
  credential(options = {}, key = this.root) {
    return noted('Node.js STS', 'GetFederationToken', STS.getCredential({ ...this.#minting(key), ...options }));
  }

  /** The same for a role. */
  roleCredential(options, key) {
    return noted('Node.js STS', 'AssumeRole', STS.getRoleCredential({ ...this.#minting(key), ...options }));
  }

  #minting(key) {
    return {
      secretId: key.id,
      secretKey: key.secret,
      host: `localhost:${this.server.httpsPort}`,
      region: REGION,
      durationSeconds: 1800,
    };
  }

  /** Calls actions of the token service by the general SDK: `(action, parameters)`. */
  sts(key = this.root, way = {}) {
    return this.#caller(new api.sts.v20180813.Client(this.#configuration(key, way)));
  }

  /** The same of the access management, by the SDK's client of any service: it has none of this one in a package. */
  cam(key = this.root, { version = '2019-01-16', ...way } = {}) {
    return this.#caller(new CommonClient('cam.tencentcloudapi.com', version, this.#configuration(key, way)));
  }

  #caller(client) {
    const call = (action, ...given) =>
      typeof client[action] === 'function' ? client[action](...given) : client.request(action, ...given);
    return (action, parameters = {}, ...options) => noted('Node.js', action, call(action, parameters, ...options));
  }

  #configuration(key, { signMethod = 'TC3-HMAC-SHA256', reqMethod = 'POST', protocol = 'https:' }) {
    return {
      credential: { secretId: key.id, secretKey: key.secret, token: key.token },
      region: REGION,
      profile: {
        signMethod,
        httpProfile: { reqMethod, protocol: `${protocol}//`, endpoint: `localhost:${this.port(protocol)}` },
      },
    };
  }

  /** A temporary key of the root account, narrowed by the statements. */
  async mint(statements, seconds = 1800) {
    const answer = await this.credential({ policy: policy(...statements), durationSeconds: seconds });
    const { tmpSecretId, tmpSecretKey, sessionToken } = answer.credentials;
    return { id: tmpSecretId, secret: tmpSecretKey, token: sessionToken, expires: answer.expiredTime };
  }

  /** A new bucket, as the SDK wants it named. */
  async newBucket() {
    const place = { Bucket: `${unique('b')}-${APPID}`, Region: REGION };
    await this.cos().putBucket(place);
    return place;
  }
}
