// What every page says: [English, Simplified Chinese].

export default {
  'page.sign-in': ['Sign in', '登录'],
  'page.objects': ['Buckets and objects', '存储桶与对象'],
  'page.keys': ['Temporary keys', '临时密钥'],

  'do.close': ['Close', '关闭'],
  'do.clear': ['Clear', '清除'],
  'do.copy': ['Copy', '复制'],
  'do.delete': ['Delete', '删除'],
  'do.explain': ['Why?', '为什么？'],
  'do.hide': ['Hide', '隐藏'],
  'do.refresh': ['Refresh', '刷新'],
  'do.retry': ['Try again', '重试'],
  'do.show': ['Show', '显示'],
  'do.signInAgain': ['Sign in again', '重新登录'],
  'do.signOut': ['Sign out', '退出'],
  'do.skip': ['Skip to the page', '跳到正文'],
  'do.stop': ['Stop', '停止'],
  'do.switchTheme': ['Light or dark', '浅色或深色'],

  'say.copied': ['Copied', '已复制'],
  'say.hours': ['{count} hours', '{count} 小时'],
  'say.loading': ['Loading …', '加载中……'],
  'say.minutes': ['{count} minutes', '{count} 分钟'],
  'say.none': ['Nothing here yet.', '这里还没有内容。'],
  'say.nothing': ['nothing', '无'],
  'say.pages': ['Pages', '页面'],
  'say.stopped': ['Stopped', '已停止'],

  'error.noAnswer': [
    'No answer from {address}: it is not running, or not reachable from this page.',
    '{address} 没有应答：服务未运行，或此页面无法访问它。',
  ],
  'error.requestId': ['Request id: {id}', '请求 ID：{id}'],
  'wayOut.noAnswer': [
    'Start the server, or check `--console-api-url` if a proxy stands before it; then try again.',
    '请启动服务；如果前面有代理，请检查 `--console-api-url`，然后重试。',
  ],
  'wayOut.signInAgain': ['The key no longer counts: sign in again.', '密钥已失效：请重新登录。'],
  'wayOut.denied': [
    'Ask the owner of the account for this permission; with the request id they can see which one is missing.',
    '请向账号所有者申请此权限；凭请求 ID 可以查到缺少哪一条。',
  ],
  'wayOut.BucketNotEmpty': ['Delete its objects and unfinished uploads first.', '请先删除其中的对象和未完成的分块上传。'],
  'wayOut.AuthFailure.SignatureFailure': ['Check the SecretKey: it does not belong to this SecretId.', '请检查 SecretKey：它与此 SecretId 不匹配。'],
  'wayOut.AuthFailure.SecretIdNotFound': ['Check the SecretId: this server does not know it.', '请检查 SecretId：此服务没有这个密钥。'],
  'wayOut.AuthFailure.SignatureExpire': ['The clocks differ: reload the page.', '时钟不一致：请刷新页面。'],
  'wayOut.RequestTimeTooSkewed': ['The clocks differ: reload the page.', '时钟不一致：请刷新页面。'],

  'signIn.why': ['The key signs every request in this browser and never leaves it. Server: {endpoint}', '密钥只在此浏览器中为每个请求签名，不会离开浏览器。服务：{endpoint}'],
  'signIn.id': ['SecretId', 'SecretId'],
  'signIn.idHint': ['A permanent key, or a temporary one with its token', '永久密钥，或带令牌的临时密钥'],
  'signIn.idWrong': ['A SecretId has letters, digits, - and _', 'SecretId 只包含字母、数字、- 和 _'],
  'signIn.secret': ['SecretKey', 'SecretKey'],
  'signIn.secretWrong': ['The SecretKey is missing', '缺少 SecretKey'],
  'signIn.token': ['Token', '令牌'],
  'signIn.tokenHint': ['Only for a temporary key', '仅临时密钥需要'],
  'signIn.do': ['Sign in', '登录'],
  'signIn.memory': [
    'The key pair is kept in the memory of this page alone: reloading forgets it.',
    '密钥只保存在此页面的内存中：刷新即忘记。',
  ],
  'signIn.unsafe': [
    'Browsers sign only on pages from HTTPS or from this machine: open the console as https://… or through http://localhost.',
    '浏览器只允许 HTTPS 或本机页面进行签名：请通过 https://… 或 http://localhost 打开控制台。',
  ],

  'policy.clean': ['Nothing to complain about.', '没有发现问题。'],
  'policy.line': ['line {line}:', '第 {line} 行：'],
  'policy.notJson': ['This is not JSON yet: {cause}', '还不是有效的 JSON：{cause}'],
  'policy.witness': ['For example: {request}', '例如：{request}'],
};
