// Buckets and their objects: what is there, and uploading, downloading and deleting it.

import { announce, fill, h } from '/js/dom.js';
import { bytes, moment, t } from '/js/i18n.js';
import { childrenOf, place, store, storeXml, textOf } from '/js/calls.js';
import { go, to } from '/js/router.js';
import { MAX_BYTES, download, upload } from '/js/transfers.js';
import { virtualList } from '/js/virtual-list.js';
import { badge, button, confirm, demand, dialog, facts, field, form, heading, input, later, select, table, trouble, unseen } from '/js/widgets.js';

/** `#/objects`, `#/objects/<bucket>` or `#/objects/<bucket>/<prefix>`. */
export function show(bucket, prefix = '') {
  return bucket ? folder(bucket, prefix) : buckets();
}

function buckets() {
  const columns = [
    [t('objects.bucket'), (bucket) => h('a', { href: to('objects', textOf(bucket, 'Name')) }, textOf(bucket, 'Name'))],
    [t('objects.region'), (bucket) => textOf(bucket, 'Location')],
    [t('objects.created'), (bucket) => moment(textOf(bucket, 'CreationDate'))],
  ];
  const list = async () => {
    const [all] = childrenOf(await storeXml({}), 'Buckets');
    return table(t('objects.buckets'), columns, all ? childrenOf(all, 'Bucket') : [], t('objects.noBuckets'));
  };
  return h('section', {}, heading(t('page.objects'), button(t('objects.make'), makeBucket, { class: 'primary' })), later(list));
}

function makeBucket() {
  dialog(t('objects.make'), (close) => {
    const hint = t('objects.bucketHint', { appid: place.appid });
    const name = field(t('objects.bucket'), input({ required: true }), { hint });
    const acl = field(t('objects.access'), select([
      ['private', t('objects.private')], ['public-read', t('objects.publicRead')],
    ]));
    const send = async () => {
      const bucket = demand(name, (text) => /^[a-z0-9][a-z0-9-]*-\d+$/.test(text), hint);
      await store({ method: 'PUT', bucket, headers: { 'x-cos-acl': acl.value() } });
      close();
      go('objects', bucket);
    };
    return form([name.element, acl.element], t('objects.make'), send);
  });
}

function folder(bucket, prefix) {
  const chosen = new Map();
  const transfers = h('ul', { class: 'transfers', 'aria-label': t('objects.transfers') });
  const listPlace = h('div', {});
  const remove = button('', () => removeAll(bucket, chosen, refresh), { class: 'danger', hidden: true });
  const noteChosen = () => {
    remove.hidden = chosen.size === 0;
    fill(remove, t('objects.deleteChosen', { count: chosen.size }));
  };
  const refresh = () => {
    chosen.clear();
    noteChosen();
    fill(listPlace, list(bucket, prefix, chosen, noteChosen, transfers));
  };
  const send = (files) => sendAll(bucket, prefix, files, transfers).then(refresh);
  const chooser = h('input', { type: 'file', multiple: true, hidden: true,
    onchange: () => send(chooser.files) });
  refresh();
  return h(
    'section', { ondragover: (event) => event.preventDefault(), ondrop: (event) => { event.preventDefault(); send(event.dataTransfer.files); } },
    heading(
      bucket,
      chooser,
      remove,
      button(t('objects.upload'), () => chooser.click(), { class: 'primary' }),
      button(t('do.refresh'), refresh),
      button(t('objects.deleteBucket'), () => removeBucket(bucket), { class: 'danger' }),
    ),
    crumbs(bucket, prefix),
    transfers,
    listPlace,
    h('p', { class: 'hint' }, t('objects.drop')),
  );
}

function crumbs(bucket, prefix) {
  const parts = prefix.split('/').slice(0, -1);
  const links = parts.map((part, index) =>
    h('li', {}, h('a', { href: to('objects', bucket, `${parts.slice(0, index + 1).join('/')}/`) }, part || '/')));
  return h('nav', { 'aria-label': t('objects.folders') },
    h('ol', { class: 'crumbs' }, h('li', {}, h('a', { href: to('objects') }, t('objects.buckets'))),
      h('li', {}, h('a', { href: to('objects', bucket) }, bucket)), links));
}

function list(bucket, prefix, chosen, noteChosen, transfers) {
  let marker = '';
  const more = async () => {
    if (marker === null) return null;
    const query = { prefix, delimiter: '/', 'max-keys': '1000', marker };
    const root = await storeXml({ bucket, query });
    marker = textOf(root, 'IsTruncated') === 'true' ? textOf(root, 'NextMarker') : null;
    const folders = childrenOf(root, 'CommonPrefixes').map((one) => ({ folder: textOf(one, 'Prefix') }));
    const objects = childrenOf(root, 'Contents').map((one) => ({
      key: textOf(one, 'Key'), size: textOf(one, 'Size'), modified: textOf(one, 'LastModified'),
    }));
    return [...folders, ...objects];
  };
  const cells = (row) => (row.folder === undefined ? object(row) : subfolder(row.folder));
  const subfolder = (name) => ['', h('a', { href: to('objects', bucket, name) }, `${name.slice(prefix.length)}`), '', '', ''];
  const object = ({ key, size, modified }) => {
    const name = key.slice(prefix.length) || key;
    const tick = h('input', { type: 'checkbox', 'aria-label': t('objects.choose', { name }), onchange: () => {
      if (tick.checked) chosen.set(key, true);
      else chosen.delete(key);
      noteChosen();
    } });
    tick.checked = chosen.has(key);
    return [
      tick,
      h('button', { type: 'button', class: 'link', onclick: () => details(bucket, key) }, name),
      bytes(size),
      moment(modified),
      button(t('objects.download'), () => fetchOne(bucket, key, Number(size), transfers), {
        class: 'small', 'aria-label': t('objects.downloadOf', { name }),
      }),
    ];
  };
  const titles = [unseen(t('objects.chosen')), t('objects.key'), t('objects.size'), t('objects.modified'), unseen(t('say.actions'))];
  return virtualList({ caption: t('objects.list'), titles, cells, more, failed: trouble, empty: t('objects.none') });
}

function details(bucket, key) {
  dialog(key, () => later(async () => {
    const { headers } = await store({ method: 'HEAD', bucket, key });
    const told = ['content-type', 'content-length', 'etag', 'last-modified', 'x-cos-hash-crc64ecma', 'x-cos-storage-class', 'x-cos-version-id'];
    const own = [...headers.keys()].filter((name) => name.startsWith('x-cos-meta-'));
    return facts([...told, ...own].map((name) => [name, headers.get(name)]));
  }));
}

// One line for each file that is on its way. It stays when it failed, and says why.
function line(transfers, name, total) {
  const stopper = new AbortController();
  const bar = h('progress', { max: Math.max(total, 1), value: 0, 'aria-label': name });
  const said = h('span', {});
  const stop = button(t('do.stop'), () => stopper.abort(), { class: 'small' });
  const element = h('li', {}, h('span', { class: 'name' }, name), bar, said, stop);
  transfers.append(element);
  return {
    signal: stopper.signal,
    progress: (done) => {
      bar.value = done;
      fill(said, `${bytes(done)} / ${bytes(total)}`);
    },
    done: () => element.remove(),
    failed: (error) => {
      stop.remove();
      bar.remove();
      fill(said, error.name === 'AbortError' ? badge(t('say.stopped')) : trouble(error));
    },
  };
}

async function sendAll(bucket, prefix, files, transfers) {
  for (const file of files) {
    const shown = line(transfers, file.name, file.size);
    try {
      if (file.size > MAX_BYTES) throw new Error(t('objects.tooLarge'));
      await upload({ bucket, key: prefix + file.name, file, progress: shown.progress, signal: shown.signal });
      shown.done();
      announce(t('objects.sent', { name: file.name }));
    } catch (error) {
      shown.failed(error);
    }
  }
}

async function fetchOne(bucket, key, size, transfers) {
  const shown = line(transfers, key, size);
  try {
    await download({ bucket, key, progress: shown.progress, signal: shown.signal });
    shown.done();
  } catch (error) {
    shown.failed(error);
  }
}

function removeAll(bucket, chosen, refresh) {
  const keys = [...chosen.keys()];
  confirm(t('objects.deleteTitle'), t('objects.deleteText', { count: keys.length }), t('do.delete'), async () => {
    for (const key of keys) await store({ method: 'DELETE', bucket, key });
    refresh();
  });
}

function removeBucket(bucket) {
  confirm(t('objects.deleteBucket'), t('objects.deleteBucketText', { bucket }), t('do.delete'), async () => {
    await store({ method: 'DELETE', bucket });
    go('objects');
  });
}
