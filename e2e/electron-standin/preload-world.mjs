// The two scripts that make a page look as if Electron had loaded a preload script in an isolated world. Isolated and
// main world share the document and nothing else, so what `contextBridge` does here goes through synchronous DOM events
// that carry JSON.

/** Runs in the page's own world, first: builds the exposed objects when the isolated world announces them. */
export function mainWorldScript() {
  const callbacks = new Map();
  const pending = new Map();
  let next = 1;
  const send = (message) => {
    const event = new CustomEvent('standin:call', { detail: JSON.stringify(message) });
    let answer;
    const take = ({ detail }) => (answer = JSON.parse(detail));
    document.addEventListener('standin:answer', take);
    document.dispatchEvent(event);
    document.removeEventListener('standin:answer', take);
    return answer;
  };
  const encode = (value) => {
    if (typeof value !== 'function') return { value };
    const id = next++;
    callbacks.set(id, value);
    return { callback: id };
  };
  const decode = (answer) => {
    if (answer.promise) return new Promise((resolve, reject) => pending.set(answer.promise, { resolve, reject }));
    if (answer.function) return () => send({ release: answer.function });
    return answer.value;
  };
  document.addEventListener('standin:expose', ({ detail }) => {
    const { name, values, functions } = JSON.parse(detail);
    const api = { ...values };
    for (const key of functions) api[key] = (...args) => decode(send({ name, key, args: args.map(encode) }));
    Object.defineProperty(window, name, { value: Object.freeze(api), enumerable: true });
  });
  document.addEventListener('standin:callback', ({ detail }) => {
    const { callback, args } = JSON.parse(detail);
    callbacks.get(callback)?.(...args);
  });
  document.addEventListener('standin:settle', ({ detail }) => {
    const { promise, value, error } = JSON.parse(detail);
    const { resolve, reject } = pending.get(promise) ?? {};
    pending.delete(promise);
    if (error === undefined) resolve?.(value);
    else reject?.(new Error(error));
  });
}

/** Runs in the isolated world before `preload`: `require('electron')` as a sandboxed preload script has it. */
export function isolatedWorldScript(platform) {
  const listeners = new Map();
  const invocations = new Map();
  const functions = new Map();
  const ports = new Map();
  const exposed = new Map();
  let next = 1;
  const toNode = (message) => globalThis.standinToNode(JSON.stringify(message));
  const emit = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: JSON.stringify(detail) }));
  const base64 = {
    to: (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
    from: (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0)),
  };

  const answerFor = (result) => {
    const id = next++;
    if (result instanceof Promise) {
      result.then(
        (value) => emit('standin:settle', { promise: id, value }),
        (error) => emit('standin:settle', { promise: id, error: String(error) }),
      );
      return { promise: id };
    }
    if (typeof result === 'function') {
      functions.set(id, result);
      return { function: id };
    }
    return { value: result };
  };
  const decode = (arg) =>
    arg.callback === undefined ? arg.value : (...args) => emit('standin:callback', { callback: arg.callback, args });
  document.addEventListener('standin:call', ({ detail }) => {
    const { name, key, args, release } = JSON.parse(detail);
    const result = release ? functions.get(release)?.() : exposed.get(name)[key](...args.map(decode));
    emit('standin:answer', answerFor(result));
  });

  const contextBridge = {
    exposeInMainWorld(name, api) {
      exposed.set(name, api);
      const entries = Object.entries(api);
      const isFunction = ([, value]) => typeof value === 'function';
      emit('standin:expose', {
        name,
        values: Object.fromEntries(entries.filter((entry) => !isFunction(entry))),
        functions: entries.filter(isFunction).map(([key]) => key),
      });
    },
  };
  const ipcRenderer = {
    send: (channel, ...args) => toNode({ type: 'send', channel, args }),
    invoke: (channel, ...args) =>
      new Promise((resolve, reject) => {
        const id = next++;
        invocations.set(id, { resolve, reject });
        toNode({ type: 'invoke', id, channel, args });
      }),
    on(channel, listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    off(channel, listener) {
      listeners.set(
        channel,
        (listeners.get(channel) ?? []).filter((other) => other !== listener),
      );
      return ipcRenderer;
    },
  };
  const webUtils = { getPathForFile: () => '' };

  function openPort(id) {
    const { port1, port2 } = new MessageChannel();
    ports.set(id, port1);
    port1.onmessage = ({ data }) => toNode({ type: 'port', id, bytes: base64.to(data) });
    return port2;
  }

  globalThis.standinFromNode = (text) => {
    const message = JSON.parse(text);
    if (message.type === 'event') {
      const event = { ports: (message.ports ?? []).map(openPort) };
      for (const listener of listeners.get(message.channel) ?? []) listener(event, ...message.args);
    } else if (message.type === 'result') {
      const { resolve, reject } = invocations.get(message.id);
      invocations.delete(message.id);
      if (message.error === undefined) resolve(message.value);
      else reject(new Error(message.error));
    } else if (message.type === 'port') {
      ports.get(message.id)?.postMessage(message.bytes === null ? null : base64.from(message.bytes));
    }
  };
  globalThis.standinRequire = (name) => {
    if (name !== 'electron') throw new Error(`module not found: ${name}`);
    return { contextBridge, ipcRenderer, webUtils };
  };
  globalThis.standinProcess = { platform };
}
