import * as tf from '@tensorflow/tfjs-core';
import { addInput, addNode, addOutput, finishGraph } from '../builder.js';
import { ExportError } from '../error.js';
import type { Dimension, Graph } from '../graph.js';
import { mergeTraces, type SymbolSizes, sizesOfSymbols } from './symbols.js';
import { withBackend } from './take-over.js';
import { Trace, type TraceType } from './trace.js';

/** One input of a function to trace. A dimension given as text ('pixels') is known only at run time. */
export interface InputSpec {
  readonly name: string;
  readonly shape: readonly Dimension[];
  /** Default float32. */
  readonly dtype?: TraceType;
}

/** How the graph and its outputs are called. */
export interface TraceOptions {
  /** Names of the outputs, in order; `output0`, `output1`, ... by default. */
  readonly outputs?: readonly string[];
  readonly graphName?: string;
}

type Traceable = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/**
 * The ONNX graph of what a tfjs function does to tensors of the given shapes, gradients (`tf.valueAndGrads` inside the
 * function) included. Nothing is computed; tensors that the function holds become constants.
 *
 * The function is called twice, with other sizes for the open dimensions, and must do the same each time: sizes or
 * random numbers written into the graph are refused. The active tfjs backend is the same afterwards.
 *
 * Throws ExportError: a kernel without an ONNX counterpart (named), a value read while tracing, a size baked in, a
 * trace inside a trace, a function that does not return tensors. For gradients, import `@tensorflow/tfjs-layers` once.
 */
export function traceFunction(fn: Traceable, inputs: readonly InputSpec[], options: TraceOptions = {}): Graph {
  inputs.forEach(assertSpec);
  const symbols = sizesOfSymbols(inputs);
  const first = traceOnce(fn, inputs, { ...options, sizes: symbols.first });
  const second = traceOnce(fn, inputs, { ...options, sizes: symbols.second });
  return mergeTraces(first, second, symbols);
}

interface OnceOptions extends TraceOptions {
  readonly sizes: SymbolSizes;
}

function traceOnce(fn: Traceable, inputs: readonly InputSpec[], options: OnceOptions): Graph {
  const trace = new Trace(options.graphName ?? 'graph');
  try {
    return withBackend(trace, () => {
      const placeholders = inputs.map((spec) => placeholder(trace, spec, options.sizes));
      const returned = fn(...placeholders);
      const results = Array.isArray(returned) ? returned : [returned];
      results.forEach(assertTensor);
      nameOutputs(trace, results, options.outputs);
      return finishGraph(trace.builder);
    });
  } catch (error) {
    throw explained(error);
  }
}

function assertSpec({ name, shape, dtype = 'float32' }: InputSpec): void {
  if (!['float32', 'int32', 'bool'].includes(dtype))
    throw new ExportError(`trace: input '${name}' is of type ${dtype}; expected float32, int32 or bool`);
  for (const size of shape)
    if (typeof size === 'number' ? !(Number.isInteger(size) && size > 0) : size === '')
      throw new ExportError(
        `trace: input '${name}' has shape [${shape}]; expected whole sizes > 0, or names of sizes that stay open`,
      );
}

function placeholder(trace: Trace, { name, shape, dtype = 'float32' }: InputSpec, sizes: SymbolSizes): tf.Tensor {
  const fixed = shape.map((size) => (typeof size === 'number' ? size : sizes.get(size)!));
  addInput(trace.builder, { name, type: dtype, shape });
  const info = trace.tensor({ name, shape: fixed, type: dtype });
  return tf.engine().makeTensorFromTensorInfo(info);
}

function assertTensor(result: unknown, i: number): void {
  if (result instanceof Promise)
    throw new ExportError('trace: the function returned a promise; expected a synchronous function of tensors');
  if (!(result instanceof tf.Tensor))
    throw new ExportError(`trace: result ${i} of the function is ${typeof result}; expected a tensor`);
}

function nameOutputs(trace: Trace, results: readonly tf.Tensor[], names: readonly string[] = []): void {
  if (names.length > 0 && names.length !== results.length)
    throw new ExportError(`trace: ${names.length} output names for ${results.length} results; give one for each`);
  results.forEach((result, i) => {
    const value = trace.value(result);
    const name = names[i] ?? `output${i}`;
    addNode(trace.builder, 'Identity', [value.name], { outputs: [name] });
    addOutput(trace.builder, { name, type: value.type, shape: value.shape });
  });
}

/** tfjs's own errors, said so that one knows what to do. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ExportError) return error;
  const [, kernel] = /^Kernel '(.+)' not registered for backend/.exec(error.message) ?? [];
  if (kernel)
    return new ExportError(
      `trace: the tfjs kernel ${kernel} has no ONNX counterpart here; write the function with other operations (tracedKernels() lists those that have)`,
      { cause: error },
    );
  const [, gradient] = /^Cannot compute gradient: gradient function not found for (.+?)\.?$/.exec(error.message) ?? [];
  if (gradient)
    return new ExportError(
      `trace: tfjs has no gradient for ${gradient}; import '@tensorflow/tfjs-layers' once, which registers gradients`,
      { cause: error },
    );
  return error;
}
