// From what a temporary key is for to the policy that narrows it to that, as the official helpers for COS write it.

/** Uploads in one request. */
const WHOLE = ['name/cos:PutObject', 'name/cos:PostObject'];
/** Uploads in parts, of which no condition bounds the whole. */
const PARTS = [
  'name/cos:InitiateMultipartUpload', 'name/cos:ListMultipartUploads', 'name/cos:ListParts', 'name/cos:UploadPart',
  'name/cos:CompleteMultipartUpload', 'name/cos:AbortMultipartUpload',
];
/** Whoever has the key shall not share with everybody what it uploads. */
const UNSHARED = { string_equal_if_exist: { 'cos:x-cos-acl': ['private', 'default'] } };

/** What can be ticked, and the actions that it stands for. */
export const PURPOSES = {
  upload: [...WHOLE, ...PARTS],
  download: ['name/cos:GetObject', 'name/cos:HeadObject'],
  list: ['name/cos:GetBucket'],
  delete: ['name/cos:DeleteObject'],
};

/**
 * The policy as indented JSON. An upload that is bounded goes in one request.
 * @param {{region: string, bucket: string, keys: string, purposes: string[], maxBytes?: number, types?: string}} scope
 *   `keys` is one key, or a folder and its `*`.
 */
export function policyOf({ region, bucket, keys, purposes, maxBytes, types }) {
  const appid = bucket.split('-').pop();
  const resource = [`qcs::cos:${region}:uid/${appid}:${bucket}/${keys}`];
  const others = purposes.filter((one) => one !== 'upload').flatMap((one) => PURPOSES[one]);
  const upload = maxBytes || types ? WHOLE : PURPOSES.upload;
  const statement = [
    purposes.includes('upload') && { effect: 'allow', action: upload, resource, condition: bounds(maxBytes, types) },
    others.length > 0 && { effect: 'allow', action: others, resource },
  ];
  return JSON.stringify({ version: '2.0', statement: statement.filter(Boolean) }, null, 2);
}

function bounds(maxBytes, types) {
  return {
    ...(maxBytes ? { numeric_less_than_equal: { 'cos:content-length': maxBytes } } : {}),
    ...(types ? { string_like: { 'cos:content-type': types } } : {}),
    ...UNSHARED,
  };
}
