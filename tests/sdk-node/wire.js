// Requests as they stand in a presigned URL: nothing is decoded, encoded or normalised on the way.

import http from 'node:http';
import https from 'node:https';

/** Follows a URL of the real service to our server. */
export function follow(cloud, url, { method = 'GET', headers = {}, body } = {}) {
  const [, protocol, host, path] = /^(https?:)\/\/([^/]+)(\/.*)$/.exec(url);
  const options = {
    host: '127.0.0.1',
    port: cloud.port(protocol),
    servername: host,
    method,
    path,
    headers: { Host: host, ...headers },
  };
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? https : http).request(options, async (response) => {
      const pieces = [];
      for await (const piece of response) pieces.push(piece);
      const text = Buffer.concat(pieces).toString();
      const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
      resolve({ status: response.statusCode, headers: response.headers, text, code });
    });
    request.on('error', reject);
    request.end(body);
  });
}
