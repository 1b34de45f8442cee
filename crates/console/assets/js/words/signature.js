// What the signature tool says: [English, Simplified Chinese].

export default {
  'signature.body': ['Body', '请求体'],
  'signature.compute': ['Compute', '计算'],
  'signature.cos': ['Objects: q-sign-algorithm=sha1', '对象：q-sign-algorithm=sha1'],
  'signature.differs': ['differs', '不同'],
  'signature.differsHint': [
    'Compare HttpString and StringToSign with what the client made: the first difference is the reason; if there is none, the secret key is another one.',
    '请将 HttpString 和 StringToSign 与客户端的对比：第一处不同即为原因；若完全相同，则密钥不同。',
  ],
  'signature.headers': ['Signed headers', '参与签名的头部'],
  'signature.headersHint': ['One on each line, name: value', '每行一个，name: value'],
  'signature.hostWrong': ['Name the host', '请填写主机'],
  'signature.method': ['Method', '方法'],
  'signature.other': ['Compare with', '与之比较'],
  'signature.otherHint': ['A signature, or the whole Authorization', '签名，或整个 Authorization'],
  'signature.part': ['here {mine}, there {theirs}', '此处 {mine}，对方 {theirs}'],
  'signature.path': ['Path', '路径'],
  'signature.pathHint': ['Not encoded, with the / before it', '未编码，以 / 开头'],
  'signature.query': ['Signed parameters', '参与签名的参数'],
  'signature.queryHint': ['One on each line, name=value, not encoded', '每行一个，name=value，未编码'],
  'signature.same': ['the same', '一致'],
  'signature.secondsWrong': ['Seconds since 1970, in digits', '自 1970 年起的秒数'],
  'signature.service': ['Service', '服务'],
  'signature.tc3': ['API: TC3-HMAC-SHA256', 'API：TC3-HMAC-SHA256'],
  'signature.timeHint': ['from;to, in seconds since 1970', '起;止，自 1970 年起的秒数'],
  'signature.why': [
    'Computed in this page: nothing is sent, and the key is forgotten with the page.',
    '在此页面内计算：不发送任何内容，离开页面即忘记密钥。',
  ],
};
