// Open dimensions: two traces with other sizes must be the same graph but for sizes that Reshape can infer.

import { ExportError } from '../error.js';
import type { Dimension, Graph, Initializer, Node } from '../graph.js';
import { int64Tensor, int64Values } from '../graph.js';
import { sameBytes, simplifyGraph } from '../simplify.js';

/** A size for each open dimension. */
export type SymbolSizes = ReadonlyMap<string, number>;

/** The sizes for two traces. */
export interface TwoSizes {
  readonly first: SymbolSizes;
  readonly second: SymbolSizes;
}

// Sizes for tracing: unlike each other modulo 2 to 8 (strides), in their differences and in their ratios, and unlike
// sizes of real layers, so that a size written into the graph shows.
const PAIRS: readonly (readonly [number, number])[] = [
  [101, 132],
  [211, 264],
  [401, 462],
  [787, 920],
];

/** Sizes for the open dimensions of some inputs. */
export function sizesOfSymbols(inputs: readonly { readonly shape: readonly Dimension[] }[]): TwoSizes {
  const names = new Set(inputs.flatMap(({ shape }) => shape.filter((size) => typeof size === 'string')));
  if (names.size > PAIRS.length)
    throw new ExportError(
      `trace: ${names.size} open dimensions (${[...names]}); at most ${PAIRS.length} are supported`,
    );
  const sizes = (which: 0 | 1) => new Map([...names].map((name, i) => [name, PAIRS[i]![which]]));
  return { first: sizes(0), second: sizes(1) };
}

/** The graph that two traces agree on, with open dimensions by name. Throws ExportError where they do not agree. */
export function mergeTraces(first: Graph, second: Graph, symbols: TwoSizes): Graph {
  if (first.nodes.length !== second.nodes.length)
    throw new ExportError(
      `trace: the function made ${first.nodes.length} nodes, then ${second.nodes.length}; expected the same for every ${namesOf(symbols)}`,
    );
  const constants = [first, second].map((g) => new Map(g.initializers.map((one) => [one.name, one])));
  const added: Initializer[] = [];
  const nodes = first.nodes.map((node, i) => {
    const merged = mergeNodes(node, second.nodes[i]!, { constants, symbols });
    added.push(...merged.added);
    return merged.node;
  });
  const outputs = first.outputs.map(({ name, type, shape }, i) => {
    const other = second.outputs[i]!.shape;
    const open = shape.map(
      (size, axis) => openSize(size as number, other[axis] as number, symbols) ?? `${name}_${axis}`,
    );
    return { name, type, shape: open };
  });
  return simplifyGraph({ ...first, nodes, outputs, initializers: [...first.initializers, ...added] });
}

const namesOf = ({ first }: TwoSizes) => (first.size > 0 ? `size of ${[...first.keys()].join(', ')}` : 'call');

/** The size where both agree, the symbol that it stands for, or undefined. */
function openSize(a: number, b: number, { first, second }: TwoSizes): Dimension | undefined {
  if (a === b) return a;
  return [...first.keys()].find((name) => first.get(name) === a && second.get(name) === b);
}

interface MergeContext {
  readonly constants: readonly ReadonlyMap<string, Initializer>[];
  readonly symbols: TwoSizes;
}

/** One node of both traces. A Reshape to a shape with one open size becomes one that infers it. */
function mergeNodes(a: Node, b: Node, context: MergeContext): { node: Node; added: Initializer[] } {
  const { constants, symbols } = context;
  const added: Initializer[] = [];
  const inputs = a.inputs.map((name, i) => {
    const [mine, other] = [constants[0]!.get(name), constants[1]!.get(b.inputs[i] ?? '')];
    if (!mine || !other) return mine || other || name !== b.inputs[i] ? refuse(a, symbols) : name;
    if (sameConstant(mine, other)) return name;
    const inferred = a.op === 'Reshape' && i === 1 ? inferredShape(mine, other) : undefined;
    if (!inferred) return refuse(a, symbols);
    added.push({ ...int64Tensor(inferred), name: `${a.outputs[0]}_shape` });
    return `${a.outputs[0]}_shape`;
  });
  const same = a.op === b.op && a.inputs.length === b.inputs.length && sameAttributes(a, b);
  return same ? { node: { ...a, inputs }, added } : refuse(a, symbols);
}

function refuse(node: Node, { first }: TwoSizes): never {
  const where = `trace: ${node.op} (${node.outputs[0]})`;
  if (first.size > 0)
    throw new ExportError(
      `${where} depends on the size of ${[...first.keys()].join(', ')}; write it so that the size does not matter, or give the dimension as a number`,
    );
  throw new ExportError(
    `${where} differs between two calls of the function (random numbers or state); give what changes as an input`,
  );
}

function sameConstant(a: Initializer, b: Initializer): boolean {
  return a.type === b.type && String(a.shape) === String(b.shape) && sameBytes(a.data, b.data);
}

function sameAttributes(a: Node, b: Node): boolean {
  return JSON.stringify(a.attributes) === JSON.stringify(b.attributes);
}

/** The shape with -1 for the one size that is not the same in both. */
function inferredShape(a: Initializer, b: Initializer): number[] | undefined {
  const [first, second] = [int64Values(a), int64Values(b)];
  if (first.length !== second.length) return undefined;
  const shape = first.map((size, i) => (size === second[i] ? size : -1));
  return shape.filter((size) => size === -1).length === 1 ? shape : undefined;
}
