import { attr, type Graph, type Node } from './graph.js';

/** A node with every value name passed through `rename`, in its bodies too. */
export function renameNode(node: Node, rename: (name: string) => string): Node {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([key, a]) => [
      key,
      a.kind === 'graph' ? attr.graph(renameEverything(a.value, rename)) : a,
    ]),
  );
  const safe = (name: string) => (name === '' ? '' : rename(name));
  return { op: node.op, inputs: node.inputs.map(safe), outputs: node.outputs.map(safe), attributes };
}

function renameEverything(graph: Graph, rename: (name: string) => string): Graph {
  return {
    name: graph.name,
    nodes: graph.nodes.map((node) => renameNode(node, rename)),
    initializers: graph.initializers.map((i) => ({ ...i, name: rename(i.name) })),
    inputs: graph.inputs.map((i) => ({ ...i, name: rename(i.name) })),
    outputs: graph.outputs.map((o) => ({ ...o, name: rename(o.name) })),
  };
}

/** Names that a graph and its bodies define. */
function definedNames(graph: Graph): Set<string> {
  const names = new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name));
  for (const node of graph.nodes) {
    for (const output of node.outputs) names.add(output);
    for (const a of Object.values(node.attributes))
      if (a.kind === 'graph') for (const name of definedNames(a.value)) names.add(name);
  }
  return names;
}

/** The same graph with some values called otherwise: `names` maps old names to new ones. */
export function renameValues(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  return renameEverything(graph, (name) => names.get(name) ?? name);
}

/**
 * The same graph with `prefix` before every name that it defines, so that it can be joined with others.
 * Names that it takes from around it stay, and so do those in `keep`.
 */
export function prefixNames(graph: Graph, prefix: string, keep: Iterable<string> = []): Graph {
  const names = definedNames(graph);
  for (const name of keep) names.delete(name);
  return renameEverything(graph, (name) => (names.has(name) ? prefix + name : name));
}
