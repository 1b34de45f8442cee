// Runs in the page: calls its SDK as the tests ask, and gives back what can be carried out of a page.

globalThis.probe = {
  /**
   * Calls a method. A `Body` of `{ size, seed, name }` becomes a file with these many bytes that look random. `more`
   * may have: `client`, options that replace the page's; `pauseAfter`, a part after whose answer the upload is paused,
   * and `restart`, whether it goes on by itself. Gives back `data` or `error`, `progress`, the parts or requests that
   * were `sent`, and the `sha256` of a body that was sent or came as an `arraybuffer`.
   */
  async call({ method, parameters, more }) {
    const { newClient, place } = await import('/client.js');
    const client = newClient(more.client);
    const [progress, sent] = [[], []];
    const given = { Bucket: place.bucket, Region: place.region, ...parameters };
    if (given.Body?.size !== undefined) given.Body = this.file(given.Body);
    const result = { progress, sent };
    if (given.Body instanceof File) result.sha256 = await this.sha256(await given.Body.arrayBuffer());
    return new Promise((resolve) => {
      let task;
      client.on('before-send', (request) => {
        sent.push({ method: request.method, part: Number(request.qs?.partNumber ?? 0), url: request.url });
      });
      client.on('after-receive', ({ options }) => {
        if (more.pauseAfter === undefined || Number(options.qs?.partNumber) !== more.pauseAfter) return;
        client.pauseTask(task);
        const [{ state }] = client.getTaskList();
        more = { ...more, pauseAfter: undefined };
        result.paused = { state, sent: sent.length };
        if (more.restart) setTimeout(() => client.restartTask(task), 50);
        else resolve(result);
      });
      if (/upload|^putObject$/i.test(method)) {
        given.onProgress = ({ loaded, total, percent }) => progress.push({ loaded, total, percent });
        given.onTaskReady = (id) => {
          task = id;
        };
      }
      client[method](given, async (error, data) => {
        if (error) result.error = this.plainError(error);
        else result.data = await this.plain(data, result);
        resolve(result);
      });
    });
  },

  async fetch({ url, options }) {
    try {
      const response = await fetch(url, options);
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, type: response.type, headers, text: await response.text() };
    } catch {
      return null;
    }
  },

  file({ size, seed = 1, name = 'file' }) {
    const bytes = new Uint8Array(size);
    for (let at = 0, state = seed; at < size; at += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      bytes[at] = state >>> 24;
    }
    // The SDK finds an interrupted upload again by the file's name, size and time.
    return new File([bytes], name, { lastModified: 1_700_000_000_000 });
  },

  async sha256(bytes) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  },

  async plain(data, result) {
    if (!(data.Body instanceof ArrayBuffer)) return JSON.parse(JSON.stringify(data));
    result.sha256 = await this.sha256(data.Body);
    return { ...data, Body: data.Body.byteLength };
  },

  plainError(error) {
    const { code, message, statusCode, headers } = error;
    return { code, message: message ?? String(error), statusCode, headers };
  },
};
