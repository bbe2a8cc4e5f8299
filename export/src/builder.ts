import { ExportError } from './error.js';
import {
  type Attributes,
  type Graph,
  type Initializer,
  int64Tensor,
  type Node,
  type Tensor,
  type ValueInfo,
} from './graph.js';
import { simplifyGraph } from './simplify.js';

/** A graph under construction: give it to the functions below, then to `finishGraph`. */
export interface GraphBuilder {
  readonly name: string;
  readonly nodes: Node[];
  readonly initializers: Initializer[];
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  /** Names in use, with the next number for each stem. */
  readonly names: Map<string, number>;
}

/** An empty graph. */
export function createBuilder(name: string): GraphBuilder {
  return { name, nodes: [], initializers: [], inputs: [], outputs: [], names: new Map() };
}

/** A name that is free in this graph: `stem_0`, `stem_1`, ... in order of asking. */
export function freshName(builder: GraphBuilder, stem: string): string {
  let count = builder.names.get(stem) ?? 0;
  while (builder.names.has(`${stem}_${count}`)) count++;
  builder.names.set(stem, count + 1);
  const name = `${stem}_${count}`;
  builder.names.set(name, 0);
  return name;
}

/** Takes a name for good; throws ExportError when it is taken already. */
export function claimName(builder: GraphBuilder, name: string): string {
  if (builder.names.has(name))
    throw new ExportError(`graph ${builder.name}: the name '${name}' is taken already; give each value its own name`);
  builder.names.set(name, 0);
  return name;
}

/** Adds an input and returns its name. */
export function addInput(builder: GraphBuilder, input: ValueInfo): string {
  builder.inputs.push(input);
  return claimName(builder, input.name);
}

/** Declares an existing value to be an output. */
export function addOutput(builder: GraphBuilder, output: ValueInfo): void {
  builder.outputs.push(output);
}

/** What `addNode` may be told besides operator and inputs. */
export interface NodeOptions {
  readonly attributes?: Attributes;
  /** Names of the outputs, or how many (named after the operator); by default one. */
  readonly outputs?: readonly string[] | number;
}

/** Appends a node and returns the names of its outputs. */
export function addNodes(builder: GraphBuilder, op: string, inputs: readonly string[], options: NodeOptions): string[] {
  const wanted = options.outputs ?? 1;
  const outputs =
    typeof wanted === 'number'
      ? Array.from({ length: wanted }, () => freshName(builder, op))
      : wanted.map((name) => claimName(builder, name));
  builder.nodes.push({ op, inputs, outputs, attributes: options.attributes ?? {} });
  return outputs;
}

/** Appends a node with one output (or only the first of interest) and returns its name. */
export function addNode(
  builder: GraphBuilder,
  op: string,
  inputs: readonly string[],
  options: NodeOptions = {},
): string {
  return addNodes(builder, op, inputs, options)[0]!;
}

/** Adds a constant and returns its name. Equal constants become one in `finishGraph`. */
export function addConstant(builder: GraphBuilder, tensor: Tensor, name?: string): string {
  const taken = name === undefined ? freshName(builder, 'constant') : claimName(builder, name);
  builder.initializers.push({ name: taken, type: tensor.type, shape: tensor.shape, data: tensor.data });
  return taken;
}

/** Adds an int64 constant [values.length], or of another shape, and returns its name. */
export function addInt64(builder: GraphBuilder, values: readonly number[], shape?: readonly number[]): string {
  return addConstant(builder, int64Tensor(values, shape));
}

/**
 * Appends all nodes and constants of another graph. Its inputs must be values of this graph by the same names
 * (`renameValues`, `prefixNames` see to that); its outputs become plain values.
 */
export function appendGraph(builder: GraphBuilder, graph: Graph): void {
  for (const input of graph.inputs)
    if (!builder.names.has(input.name))
      throw new ExportError(
        `graph ${builder.name}: nothing is named '${input.name}', an input of ${graph.name}; make it first`,
      );
  for (const initializer of graph.initializers) addConstant(builder, initializer, initializer.name);
  for (const node of graph.nodes) addNodes(builder, node.op, node.inputs, node);
}

/** The finished graph: constants shared, identities and all that no output needs dropped. */
export function finishGraph(builder: GraphBuilder): Graph {
  const { name, nodes, initializers, inputs, outputs } = builder;
  return simplifyGraph({ name, nodes, initializers, inputs, outputs });
}
