// The import rules of docs/architecture.md, as an ESLint rule. A file's layer is the longest prefix that matches it;
// each layer lists what it may import besides itself.
import path from 'node:path';

const VMM = 'src/main/vmm';
const vmmBase = [`${VMM}/base`];
const vmmFabric = [...vmmBase, `${VMM}/time`, `${VMM}/memory`, `${VMM}/bus`];

/** Layer → layers it may import. `*` allows everything of ours. */
export const LAYERS = {
  'src/shared': [],
  'src/preload': ['src/shared'],
  'src/renderer': ['src/shared'],
  [`${VMM}/base`]: ['src/shared'],
  [`${VMM}/time`]: ['src/shared', ...vmmBase],
  [`${VMM}/memory`]: ['src/shared', ...vmmBase, `${VMM}/time`],
  [`${VMM}/bus`]: ['src/shared', ...vmmBase, `${VMM}/time`, `${VMM}/memory`],
  [`${VMM}/cpu`]: ['src/shared', ...vmmFabric],
  [`${VMM}/block`]: ['src/shared', ...vmmFabric],
  [`${VMM}/net`]: ['src/shared', ...vmmFabric],
  [`${VMM}/snapshot`]: ['src/shared', ...vmmFabric],
  [`${VMM}/devices`]: ['src/shared', ...vmmFabric, `${VMM}/block`, `${VMM}/net`, `${VMM}/pci`],
  [`${VMM}/pci`]: ['src/shared', ...vmmFabric],
  [`${VMM}/virtio`]: ['src/shared', ...vmmFabric, `${VMM}/block`, `${VMM}/net`, `${VMM}/pci`],
  [`${VMM}/firmware`]: ['src/shared', ...vmmFabric, `${VMM}/block`, `${VMM}/cpu`],
  [`${VMM}/machine`]: ['src/shared', VMM],
  'src/main/node': ['src/shared'],
  'src/main/host': ['src/shared', 'src/main/node'],
  'src/main/vmhost': ['src/shared', 'src/main/node', VMM],
  'src/main/server': ['src/shared', 'src/main/node', 'src/main/host'],
  'src/main/shell': ['src/shared', 'src/main/node', 'src/main/host', 'src/main/server'],
  'src/main/cli': ['src/shared', 'src/main/node', 'src/main/host', 'src/main/server', 'src/main/vmhost'],
  'src/testing': ['*'],
  'src/main': ['*'],
};

/** Modules only some layers may import. */
const RESERVED = { electron: ['src/main/shell', 'src/preload'] };

/** Modules the engine must not import: it is a library and gets files, sockets and clocks as ports. */
const ENGINE_FORBIDDEN = /^(node:|electron$|fs$|net$|child_process$|worker_threads$|ws$|koffi$)/;

const inside = (file, folder) => file === folder || file.startsWith(`${folder}/`);

function layerOf(file) {
  return Object.keys(LAYERS)
    .filter((layer) => inside(file, layer))
    .sort((a, b) => b.length - a.length)[0];
}

/** A chip never imports another chip: files in devices/ may share only helpers of their own family folder. */
function crossesFamilies(from, to) {
  const family = (file) => /^src\/main\/vmm\/devices\/([^/]+)\//.exec(file)?.[1];
  const [a, b] = [family(from), family(to)];
  return a !== undefined && b !== undefined && a !== b;
}

function problemWith(from, source) {
  const layer = layerOf(from);
  if (!layer) return undefined;
  const isTest = /\.test\.ts$/.test(from);
  const reserved = RESERVED[source];
  if (reserved && !reserved.some((folder) => inside(from, folder)))
    return `only ${reserved.join(', ')} may import '${source}'`;
  if (!isTest && inside(from, VMM) && ENGINE_FORBIDDEN.test(source))
    return `the engine is a library: '${source}' must come in as a port`;
  if (!source.startsWith('.')) return undefined;
  const to = path.posix.normalize(path.posix.join(path.posix.dirname(from), source));
  const target = layerOf(to);
  if (!target || target === layer)
    return crossesFamilies(from, to) ? 'devices of different families meet through ports, not imports' : undefined;
  const allowed = LAYERS[layer];
  if (allowed.includes('*') || allowed.some((folder) => inside(to, folder))) return undefined;
  if (isTest && (inside(to, 'src/testing') || inside(from, VMM) === inside(to, VMM))) return undefined;
  return `${layer} may not import ${target}`;
}

export default {
  rules: {
    layers: {
      meta: { type: 'problem', schema: [], messages: { layer: '{{problem}} (docs/architecture.md, import rules)' } },
      create(context) {
        const from = path.relative(context.cwd, context.filename).split(path.sep).join('/');
        const check = (node) => {
          if (typeof node?.value !== 'string') return;
          const problem = problemWith(from, node.value);
          if (problem) context.report({ node, messageId: 'layer', data: { problem } });
        };
        return {
          ImportDeclaration: (node) => check(node.source),
          ExportNamedDeclaration: (node) => check(node.source),
          ExportAllDeclaration: (node) => check(node.source),
          ImportExpression: (node) => check(node.source),
        };
      },
    },
  },
};
