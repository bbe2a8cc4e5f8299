export {
  addConstant,
  addInput,
  addInt64,
  addNode,
  addNodes,
  addOutput,
  appendGraph,
  createBuilder,
  finishGraph,
  type GraphBuilder,
  type NodeOptions,
} from './builder.js';
export { ExportError } from './error.js';
export { type BatchNormToFold, foldBatchNorm } from './fold-batch-norm.js';
export {
  type Attribute,
  type Attributes,
  attr,
  boolTensor,
  type Dimension,
  type ElementType,
  float32Tensor,
  type Graph,
  type Initializer,
  int32Tensor,
  int64Tensor,
  type Node,
  type Tensor,
  type ValueInfo,
} from './graph.js';
export { halveWeights, toFloat16 } from './halve-weights.js';
export { tracedKernels } from './kernels/index.js';
export { decodeModel, elementTypeNumber, encodeModel, type Model, type ModelOptions } from './model.js';
export { narrowSplits } from './narrow-splits.js';
export {
  type ByteGrid,
  biasScales,
  byteGrid,
  type LinearLayer,
  nearestWeight,
  type QuantisedKernel,
  quantiseBias,
  quantiseKernel,
  type RoundWeights,
  type ValueRange,
  WEIGHT_LIMIT,
} from './quantise.js';
export { type QuantisedGemm, quantiseGemms } from './quantise-gemms.js';
export { prefixNames, renameValues } from './rename.js';
export { simplifyGraph } from './simplify.js';
export { type InputSpec, type TraceOptions, traceFunction } from './trace/trace-function.js';
