import {
  addConstant,
  addInput,
  addNode,
  addNodes,
  addOutput,
  createBuilder,
  finishGraph,
  type GraphBuilder,
} from './builder.js';
import { ExportError } from './error.js';
import {
  attr,
  float32Tensor,
  type Graph,
  int8Tensor,
  int32Tensor,
  type Node,
  type Tensor,
  uint8Tensor,
} from './graph.js';
import { type ByteGrid, biasScales, type QuantisedKernel } from './quantise.js';

/** A layer x * kernel + bias whose input x, factor * value, is rounded to a grid, and so clipped to its range. */
export interface QuantisedGemm extends QuantisedKernel {
  readonly grid: ByteGrid;
  /** By which the value that the graph gives the layer is multiplied first. */
  readonly factor: number;
  /** In units of `biasScales` [O]. */
  readonly biases: Int32Array;
}

/**
 * The same graph with its first Gemm nodes, those that `layers` has something for, in 8-bit integers: unsigned activations, signed weights with a scale for each
 * output. Written as QuantizeLinear and DequantizeLinear around the Gemm, which a runtime without integer kernels computes in floats.
 * Throws ExportError where there are fewer Gemm nodes, or one does more than x * kernel + bias.
 */
export function quantiseGemms(graph: Graph, layers: readonly (QuantisedGemm | undefined)[]): Graph {
  const builder = createBuilder(graph.name);
  for (const input of graph.inputs) addInput(builder, input);
  for (const constant of graph.initializers) addConstant(builder, constant, constant.name);
  let seen = 0;
  for (const node of graph.nodes) {
    const layer = node.op === 'Gemm' ? layers[seen++] : undefined;
    if (layer) addQuantised(builder, node, layer);
    else addNodes(builder, node.op, node.inputs, node);
  }
  if (seen < layers.length)
    throw new ExportError(`quantise: graph ${graph.name} has ${seen} Gemm nodes, expected at least ${layers.length}`);
  for (const output of graph.outputs) addOutput(builder, output);
  return finishGraph(builder);
}

/** Appends a Gemm between its quantised input, weights and bias. */
function addQuantised(builder: GraphBuilder, node: Node, layer: QuantisedGemm): void {
  assertPlain(builder, node);
  const { grid, factor, weights, scales, biases } = layer;
  const [O, I] = [scales.length, weights.length / scales.length];
  const scalar = (value: number) => addConstant(builder, float32Tensor([value], []));
  const zero = addConstant(builder, uint8Tensor([grid.zeroPoint], []));
  const bytes = addNode(builder, 'QuantizeLinear', [node.inputs[0]!, scalar(grid.step / factor), zero]);
  const x = addNode(builder, 'DequantizeLinear', [bytes, scalar(grid.step), zero]);
  const restored = (tensors: readonly Tensor[], axis: number) => {
    const names = tensors.map((tensor) => addConstant(builder, tensor));
    return addNode(builder, 'DequantizeLinear', names, { attributes: { axis: attr.int(axis) } });
  };
  // onnxruntime 1.30 takes its integer kernel only where the weights' zero point is spelled out.
  const zeros = int8Tensor(new Int8Array(O), [O]);
  const kernel = restored([int8Tensor(weights, [I, O]), float32Tensor(scales, [O]), zeros], 1);
  const bias = restored([int32Tensor(biases, [O]), float32Tensor(biasScales(grid.step, scales), [O])], 0);
  addNodes(builder, 'Gemm', [x, kernel, bias], node);
}

function assertPlain({ name }: GraphBuilder, { inputs, outputs, attributes }: Node): void {
  const { alpha, beta, transA, transB } = attributes;
  const plain = [alpha, beta].every((a) => !a || a.value === 1) && [transA, transB].every((a) => !a || a.value === 0);
  if (!plain || inputs.length !== 3)
    throw new ExportError(`quantise: Gemm '${outputs[0]}' of graph ${name} should be x * kernel + bias and no more`);
}
