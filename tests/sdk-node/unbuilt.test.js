// What the SDK offers and the server does not: 501, never something else done instead.

import { test } from 'node:test';

import { refuses, setUp } from './cloud.js';

let object;
const cloud = setUp(async () => {
  object = { ...(await cloud.newBucket()), Key: 'k' };
  await cloud.cos().putObject({ ...object, Body: 'v' });
});

const rule = { ID: '1', Status: 'Enabled' };

/** The SDK's methods about buckets, each with what it needs to get as far as the server. */
const OF_BUCKETS = {
  putBucketLifecycle: { Rules: [{ ...rule, Filter: {}, Expiration: { Days: '1' } }] },
  getBucketLifecycle: {},
  deleteBucketLifecycle: {},
  putBucketVersioning: { VersioningConfiguration: { Status: 'Enabled' } },
  getBucketVersioning: {},
  listObjectVersions: {},
  putBucketReplication: { ReplicationConfiguration: { Role: 'r', Rules: [rule] } },
  getBucketReplication: {},
  deleteBucketReplication: {},
  putBucketWebsite: { WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } },
  getBucketWebsite: {},
  deleteBucketWebsite: {},
  putBucketReferer: { RefererConfiguration: { Status: 'Disabled', RefererType: 'White-List' } },
  getBucketReferer: {},
  putBucketDomain: { DomainRule: [{ Status: 'DISABLED', Name: 'a.example', Type: 'REST' }] },
  getBucketDomain: {},
  deleteBucketDomain: {},
  putBucketOrigin: { OriginRule: [{ OriginType: 'Mirror' }] },
  getBucketOrigin: {},
  deleteBucketOrigin: {},
  putBucketLogging: { BucketLoggingStatus: '' },
  getBucketLogging: {},
  putBucketInventory: { Id: '1', InventoryConfiguration: { Id: '1' } },
  getBucketInventory: { Id: '1' },
  listBucketInventory: {},
  deleteBucketInventory: { Id: '1' },
  putBucketAccelerate: { AccelerateConfiguration: { Status: 'Enabled' } },
  getBucketAccelerate: {},
  putBucketEncryption: { ServerSideEncryptionConfiguration: { Rule: [] } },
  getBucketEncryption: {},
  deleteBucketEncryption: {},
};

/** Those about objects. */
const OF_OBJECTS = {
  restoreObject: { RestoreRequest: { Days: 1, CASJobParameters: { Tier: 'Expedited' } } },
  selectObjectContent: {
    SelectType: 2,
    SelectRequest: { Expression: 'Select * from COSObject', ExpressionType: 'SQL' },
  },
  appendObject: { Body: 'v', Position: 0 },
};

for (const [method, parameters] of Object.entries(OF_BUCKETS)) {
  test(method, async () => {
    const { Bucket, Region } = object;
    await refuses(cloud.cos()[method]({ Bucket, Region, ...parameters }), 501, 'NotImplemented');
  });
}

for (const [method, parameters] of Object.entries(OF_OBJECTS)) {
  test(method, async () => {
    await refuses(cloud.cos()[method]({ ...object, ...parameters }), 501, 'NotImplemented');
  });
}

test('server-side encryption', async () => {
  const put = cloud.cos().putObject({ ...object, Key: 'sse', Body: 'v', ServerSideEncryption: 'AES256' });
  await refuses(put, 501, 'NotImplemented');
});
