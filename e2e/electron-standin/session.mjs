const handlers = new Map();

export const protocol = {
  registerSchemesAsPrivileged() {},
  handle: (scheme, handler) => void handlers.set(scheme, handler),
};

/** Answer of the handler of a URL's scheme, as a `Response`. */
export async function answerProtocol(url) {
  const handler = handlers.get(new URL(url).protocol.slice(0, -1));
  return handler ? handler(new Request(url)) : new Response('', { status: 404 });
}

export const permissions = {
  request: (_contents, _permission, decide) => decide(true),
  check: () => true,
};

export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler) => void (permissions.request = handler),
    setPermissionCheckHandler: (handler) => void (permissions.check = handler),
  },
};
