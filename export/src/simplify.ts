import { attr, bodiesOf, type Graph, type Initializer, type Node } from './graph.js';
import { renameNode } from './rename.js';

/**
 * The same computation with less: equal constants become one, Identity nodes are bypassed, nodes and constants that no
 * output needs are dropped (onnxruntime would run them). Bodies are simplified too. Inputs and outputs stay as they are.
 */
export function simplifyGraph(graph: Graph): Graph {
  const inner = { ...graph, nodes: graph.nodes.map(simplifyBodies) };
  return dropUnused(bypassIdentities(shareConstants(inner)));
}

function simplifyBodies(node: Node): Node {
  const entries = Object.entries(node.attributes);
  const attributes = entries.map(([key, a]) => [key, a.kind === 'graph' ? attr.graph(simplifyGraph(a.value)) : a]);
  return { ...node, attributes: Object.fromEntries(attributes) };
}

function shareConstants(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const kept = new Map<string, Initializer[]>();
  const names = new Map<string, string>();
  const initializers = graph.initializers.filter((one) => {
    const key = `${one.type} ${one.shape} ${checksum(one.data)}`;
    const alike = kept.get(key) ?? [];
    const same = alike.find((other) => sameBytes(other.data, one.data));
    if (same && !outputs.has(one.name)) {
      names.set(one.name, same.name);
      return false;
    }
    kept.set(key, [...alike, one]);
    return true;
  });
  return { ...graph, initializers, nodes: renameAll(graph.nodes, names) };
}

/** Whether two byte strings are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** FNV-1a over the bytes: only to tell most unequal constants apart quickly. */
function checksum(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) hash = Math.imul(hash ^ data[i]!, 0x01000193);
  return hash >>> 0;
}

/** Lets the readers of an Identity read its input; where it makes a graph output, its producer makes that instead. */
function bypassIdentities(graph: Graph): Graph {
  const fixed = new Set([...graph.inputs, ...graph.outputs, ...graph.initializers].map(({ name }) => name));
  const produced = new Set(graph.nodes.flatMap((node) => [...node.outputs]));
  const names = new Map<string, string>();
  const now = (name: string): string => {
    const next = names.get(name);
    return next === undefined ? name : now(next);
  };
  const nodes = graph.nodes.filter((node) => {
    if (node.op !== 'Identity') return true;
    const from = now(node.inputs[0]!);
    const to = node.outputs[0]!;
    if (!fixed.has(to)) names.set(to, from);
    else if (produced.has(from) && !fixed.has(from)) names.set(from, to);
    else return true;
    return false;
  });
  const resolved = new Map([...names.keys()].map((name) => [name, now(name)]));
  return { ...graph, nodes: renameAll(nodes, resolved) };
}

function renameAll(nodes: readonly Node[], names: ReadonlyMap<string, string>): Node[] {
  return nodes.map((node) => renameNode(node, (name) => names.get(name) ?? name));
}

function dropUnused(graph: Graph): Graph {
  const used = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => used.has(output))) continue;
    for (const name of namesRead(node)) used.add(name);
    nodes.push(node);
  }
  const initializers = graph.initializers.filter(({ name }) => used.has(name));
  return { ...graph, nodes: nodes.reverse(), initializers };
}

/** Every name that a node reads, its bodies' included. */
function namesRead(node: Node): string[] {
  const inBodies = bodiesOf(node).flatMap((body) => [
    ...body.nodes.flatMap(namesRead),
    ...body.outputs.map(({ name }) => name),
  ]);
  return [...node.inputs.filter((name) => name !== ''), ...inBodies];
}
