// Buckets, and lists of them and of what they hold.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { APPID, PROTOCOLS, REGION, refuses, setUp, unique } from './cloud.js';

const cloud = setUp();

for (const Protocol of PROTOCOLS) {
  describe(Protocol, () => {
    const client = () => cloud.cos(cloud.root, { Protocol });

    test('a bucket comes and goes', async () => {
      const place = { Bucket: `${unique('b')}-${APPID}`, Region: REGION };
      await refuses(client().headBucket(place), 404);
      assert.equal((await client().putBucket(place)).statusCode, 200);
      assert.equal((await client().headBucket(place)).headers['x-cos-bucket-region'], REGION);
      assert.equal((await client().getBucketLocation(place)).LocationConstraint, `cos.${REGION}`);
      await refuses(client().putBucket(place), 409, 'BucketAlreadyOwnedByYou');
      await client().putObject({ ...place, Key: 'k', Body: 'v' });
      await refuses(client().deleteBucket(place), 409, 'BucketNotEmpty');
      await client().deleteObject({ ...place, Key: 'k' });
      assert.equal((await client().deleteBucket(place)).statusCode, 204);
      await refuses(client().getBucket(place), 404, 'NoSuchBucket');
    });

    test('buckets are listed', async () => {
      const { Bucket } = await cloud.newBucket();
      for (const Region of [undefined, REGION]) {
        const listed = await client().getService({ Region });
        const found = listed.Buckets.find((bucket) => bucket.Name === Bucket);
        assert.equal(found?.Location, REGION);
        assert.ok(Date.parse(found.CreationDate));
      }
    });
  });
}

test('buckets that cannot be made', async () => {
  const make = (Bucket, Region = REGION) => cloud.cos().putBucket({ Bucket, Region });
  await refuses(make('a-1'), 403, 'AccessDenied');
  await refuses(make(`a--${APPID}`), 400, 'InvalidBucketName');
});

test('another region', async () => {
  const place = { ...(await cloud.newBucket()), Region: 'ap-beijing' };
  const client = cloud.cos(cloud.root, { Protocol: 'http:' });
  await refuses(client.getBucket(place), 404, 'NoSuchBucket');
  assert.deepEqual((await client.getService(place)).Buckets, []);
  // The certificate is for one region, and the SDK looks at it.
  await assert.rejects(cloud.cos().getBucket(place), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

describe('lists', () => {
  const keys = ['a', 'dir/1', 'dir/2', 'dir/sub/3', 'other/4', 'z', '中文/照片 1.jpg', '😀'];
  let place;
  const list = (more) => cloud.cos().getBucket({ ...place, ...more });
  const all = async (more) => {
    const found = [];
    let Marker;
    for (;;) {
      const page = await list({ ...more, Marker });
      found.push(...page.Contents.map(({ Key }) => Key), ...page.CommonPrefixes.map(({ Prefix }) => Prefix));
      if (page.IsTruncated !== 'true') return found;
      assert.equal(page.Contents.length + page.CommonPrefixes.length, more.MaxKeys);
      Marker = page.NextMarker;
    }
  };

  test('set up', async () => {
    place = await cloud.newBucket();
    for (const Key of keys) await cloud.cos().putObject({ ...place, Key, Body: Key });
  });

  test('in pages, in the order of bytes', async () => {
    for (const MaxKeys of [1, 3, 7, 1000]) assert.deepEqual(await all({ MaxKeys }), keys, String(MaxKeys));
  });

  test('by prefix and delimiter', async () => {
    const prefixes = ['a', 'z', '😀', 'dir/', 'other/', '中文/'].sort();
    for (const MaxKeys of [1, 2, 1000]) {
      assert.deepEqual((await all({ Delimiter: '/', MaxKeys })).sort(), prefixes, String(MaxKeys));
    }
    assert.deepEqual(await all({ Prefix: 'dir/', Delimiter: '/', MaxKeys: 1000 }), ['dir/1', 'dir/2', 'dir/sub/']);
    assert.deepEqual(await all({ Prefix: '中文/', MaxKeys: 1000 }), ['中文/照片 1.jpg']);
    assert.deepEqual(await all({ Prefix: 'none', MaxKeys: 1000 }), []);
  });

  test('encoded for URLs', async () => {
    const page = await list({ EncodingType: 'url', Prefix: '中文/' });
    assert.equal(page.EncodingType, 'url');
    assert.equal(decodeURIComponent(page.Contents[0].Key), '中文/照片 1.jpg');
  });

  test('what is said of an object', async () => {
    const [found] = (await list({ Prefix: '中文/' })).Contents;
    assert.equal(found.Size, String(Buffer.byteLength(found.Key)));
    assert.match(found.ETag, /^"[0-9a-f]{32}"$/);
    assert.equal(found.StorageClass, 'STANDARD');
    assert.ok(Math.abs(Date.parse(found.LastModified) - Date.now()) < 60_000);
  });

  test('what is malformed', async () => {
    await refuses(list({ MaxKeys: 'many' }), 400, 'InvalidArgument');
    await refuses(list({ EncodingType: 'base64' }), 400, 'InvalidArgument');
  });
});
