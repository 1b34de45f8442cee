// From what a temporary key is for to the policy that narrows it to that, as the official helpers for COS write it.

const UPLOAD = [
  'name/cos:PutObject', 'name/cos:PostObject', 'name/cos:InitiateMultipartUpload', 'name/cos:ListMultipartUploads',
  'name/cos:ListParts', 'name/cos:UploadPart', 'name/cos:CompleteMultipartUpload', 'name/cos:AbortMultipartUpload',
];

/** What can be ticked, and the actions that it stands for. */
export const PURPOSES = {
  upload: UPLOAD,
  download: ['name/cos:GetObject', 'name/cos:HeadObject'],
  list: ['name/cos:GetBucket'],
  delete: ['name/cos:DeleteObject'],
};

/**
 * The policy as indented JSON.
 * @param {{region: string, bucket: string, keys: string, purposes: string[], maxBytes?: number, types?: string}} scope
 *   `keys` is one key, or a folder and its `*`.
 */
export function policyOf({ region, bucket, keys, purposes, maxBytes, types }) {
  const appid = bucket.split('-').pop();
  const resource = [`qcs::cos:${region}:uid/${appid}:${bucket}/${keys}`];
  const bounded = purposes.includes('upload') && (maxBytes || types);
  const groups = bounded ? [['upload'], purposes.filter((one) => one !== 'upload')] : [purposes];
  const statement = groups.filter((group) => group.length > 0).map((group) => ({
    effect: 'allow',
    action: group.flatMap((purpose) => PURPOSES[purpose]),
    resource,
    ...(bounded && group[0] === 'upload' ? { condition: bounds(maxBytes, types) } : {}),
  }));
  return JSON.stringify({ version: '2.0', statement }, null, 2);
}

function bounds(maxBytes, types) {
  return {
    ...(maxBytes ? { numeric_less_than_equal: { 'cos:content-length': maxBytes } } : {}),
    ...(types ? { string_like: { 'cos:content-type': types } } : {}),
  };
}
