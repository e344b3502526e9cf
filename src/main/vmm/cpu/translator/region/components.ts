/**
 * Which nodes of a graph hang together.
 * @param edges of each node, the nodes it leads to
 * @returns the nodes of each component
 */
export function components(edges: readonly (readonly number[])[]): number[][] {
  const parents = edges.map((_, node) => node);
  const rootOf = (node: number): number => {
    let root = node;
    while (parents[root] !== root) root = parents[root] = parents[parents[root]!]!;
    return root;
  };
  edges.forEach((others, node) => {
    for (const other of others) parents[rootOf(node)] = rootOf(other);
  });
  const found = new Map<number, number[]>();
  for (let node = 0; node < edges.length; node++) {
    const root = rootOf(node);
    const members = found.get(root);
    if (members) members.push(node);
    else found.set(root, [node]);
  }
  return [...found.values()];
}
