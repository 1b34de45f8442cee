// The upload page: shows the user's folder, and puts files into it without any server in between.

import { cause } from './causes.js';
import { lastKey, newClient, place } from './client.js';
import * as ways from './ways.js';

/** Where the page notes which files are on their way, so that it can tell after it was loaded again. */
const LEFT = 'daypass-uploads-left';

const find = (id) => document.getElementById(id);
const cos = place && newClient();
const where = place && { Bucket: place.bucket, Region: place.region };

/** Makes an element with a class and a text. */
function make(tag, className = '', text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GB`;
}

/** Runs what may fail, and tells the user when it does. */
async function attempt(work) {
  try {
    find('trouble').hidden = true;
    await work();
  } catch (error) {
    find('trouble').textContent = cause(error);
    find('trouble').hidden = false;
  }
}

async function showFiles() {
  const rows = [];
  for (let Marker, more = true; more; ) {
    const page = await cos.getBucket({ ...where, Prefix: place.folder, Marker });
    rows.push(...page.Contents.map(row));
    [Marker, more] = [page.NextMarker, page.IsTruncated === 'true'];
  }
  find('files').tBodies[0].replaceChildren(...rows);
  find('files').hidden = rows.length === 0;
  find('none').hidden = rows.length > 0;
  showSelection();
  const until = new Date(lastKey.expiredTime * 1000).toLocaleTimeString('en-GB', { timeStyle: 'short' });
  find('key').textContent = `This page’s key opens ${place.folder} only, and ends at ${until}.`;
}

function row({ Key, Size, LastModified }) {
  const line = make('tr');
  const check = Object.assign(make('input'), { type: 'checkbox', value: Key, ariaLabel: `Select ${Key}` });
  const open = Object.assign(make('a', '', Key.slice(place.folder.length)), { href: '#', title: Key });
  open.onclick = (event) => {
    event.preventDefault();
    attempt(() => openFile(Key));
  };
  const remove = make('button', '', 'Delete');
  remove.onclick = () => attempt(() => deleteFiles([Key]));
  const modified = new Date(LastModified).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
  const cells = [make('td'), make('td', 'name'), make('td', 'number', size(Number(Size))), make('td', '', modified), make('td')];
  for (const [at, part] of [[0, check], [1, open], [4, remove]]) cells[at].append(part);
  line.append(...cells);
  return line;
}

/** Opens a file under a URL that is good for a minute. */
async function openFile(Key) {
  const url = await new Promise((resolve, reject) => {
    cos.getObjectUrl({ ...where, Key, Expires: 60 }, (error, data) => (error ? reject(error) : resolve(data.Url)));
  });
  window.open(url, '_blank', 'noopener');
}

const selected = () => [...find('files').querySelectorAll('input:checked')].map(({ value }) => value);

function showSelection() {
  find('remove').hidden = selected().length === 0;
}

async function deleteFiles(keys) {
  if (keys.length === 1) await cos.deleteObject({ ...where, Key: keys[0] });
  else await cos.deleteMultipleObject({ ...where, Objects: keys.map((Key) => ({ Key })) });
  await showFiles();
}

/** Sends a file in the chosen way, with a line of its own that shows how far it is. */
async function upload(file) {
  const way = document.querySelector('#way input:checked').value;
  const line = make('li');
  const [name, state, pause] = [make('span', 'name', file.name), make('span', 'state', 'waiting'), make('button', '', 'Pause')];
  const bar = Object.assign(make('progress'), { max: 1, value: 0 });
  pause.hidden = true;
  line.append(name, state, pause, bar);
  find('uploads').prepend(line);
  find('uploads').hidden = false;
  const end = (className, text) => {
    line.className = className;
    state.textContent = text;
    pause.remove();
  };
  const onTask = (task) => {
    pause.hidden = false;
    pause.textContent = 'Pause';
    pause.onclick = () => {
      const paused = pause.textContent === 'Pause';
      if (paused) task.pause();
      else task.resume();
      pause.textContent = paused ? 'Resume' : 'Pause';
      if (paused) state.textContent = 'paused';
    };
  };
  const onProgress = (loaded, total, speed) => {
    // The last report may come when it was paused already.
    if (pause.textContent === 'Resume') return;
    bar.value = total === 0 ? 1 : loaded / total;
    const rate = speed === undefined ? '' : `, ${size(Math.round(speed))}/s`;
    state.textContent = `${size(loaded)} of ${size(total)}${rate}`;
  };
  try {
    noteLeft(file, way === 'inParts');
    const key = await ways[way](file, { onTask, onProgress });
    bar.value = 1;
    noteLeft(file, false);
    line.title = key;
    end('done', `${size(file.size)}, done`);
  } catch (error) {
    end('failed', cause(error));
  }
  await attempt(showFiles);
}

const left = () => JSON.parse(localStorage.getItem(LEFT) ?? '[]');

/** Notes that a file is on its way, or is not any more. */
function noteLeft({ name, size: bytes }, isOnItsWay) {
  const others = left().filter((other) => other.name !== name);
  localStorage.setItem(LEFT, JSON.stringify(isOnItsWay ? [...others, { name, bytes }] : others));
  if (!isOnItsWay) showLeft();
}

/** A browser lets no page read a file again that was chosen before; it must be chosen once more. */
function showLeft() {
  const names = left().map(({ name, bytes }) => `${name} (${size(bytes)})`);
  find('left').textContent = `Not finished: ${names.join(', ')}. Choose the same file to go on where it was.`;
  find('left').hidden = names.length === 0;
}

/** Lets files be dropped, chosen, selected and deleted. */
function listen() {
  const drop = find('drop');
  for (const [kind, over] of [['dragenter', true], ['dragover', true], ['dragleave', false], ['drop', false]]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', over);
    });
  }
  drop.addEventListener('drop', (event) => [...event.dataTransfer.files].forEach(upload));
  showLeft();
  find('chosen').onchange = ({ target }) => {
    [...target.files].forEach(upload);
    target.value = '';
  };
  find('files').onchange = showSelection;
  find('remove').onclick = () => attempt(() => deleteFiles(selected()));
}

await attempt(async () => {
  if (!place) throw new Error('Nobody is signed in.');
  find('user').textContent = `Signed in as ${place.user}`;
  find('user').hidden = false;
  listen();
  await showFiles();
});
