import * as tf from '@tensorflow/tfjs-core';
import { addInput, addNode, addOutput, finishGraph } from '../builder.js';
import { ExportError } from '../error.js';
import type { Dimension, Graph } from '../graph.js';
import { kernels } from '../kernels/index.js';
import type { Result } from '../kernels/kernel.js';
import { BACKEND_NAME, Trace, type TraceType } from './backend.js';
import { mergeTraces, type SymbolSizes, sizesOfSymbols } from './symbols.js';

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
  const symbols = sizesOfSymbols(inputs);
  const first = traceOnce(fn, inputs, { ...options, sizes: symbols.first });
  const second = traceOnce(fn, inputs, { ...options, sizes: symbols.second });
  return mergeTraces(first, second, symbols);
}

interface OnceOptions extends TraceOptions {
  readonly sizes: SymbolSizes;
}

/** One trace: takes tfjs over and leaves it as it was, whatever happens. */
function traceOnce(fn: Traceable, inputs: readonly InputSpec[], options: OnceOptions): Graph {
  const trace = new Trace(options.graphName ?? 'graph');
  const release = takeOver(trace);
  try {
    return recordGraph(trace, fn, { inputs, options });
  } catch (error) {
    throw explained(error);
  } finally {
    release();
  }
}

/** Makes the trace tfjs's backend; returns what undoes it. */
function takeOver(trace: Trace): () => void {
  const engine = tf.engine();
  if (tf.findBackendFactory(BACKEND_NAME))
    throw new ExportError('trace: a trace is running already; call traceFunction outside of traced functions');
  if (engine.state.gradientDepth > 0)
    throw new ExportError('trace: a gradient is being computed; call traceFunction outside, tf.grads inside it');
  const before = tf.getBackend();
  for (const [kernelName, run] of Object.entries(kernels))
    tf.registerKernel({
      kernelName,
      backendName: BACKEND_NAME,
      kernelFunc: ({ inputs, attrs }) => tensors(trace, run(trace, inputs, attrs ?? {})),
    });
  tf.registerBackend(BACKEND_NAME, () => trace, 0);
  void tf.setBackend(BACKEND_NAME); // takes effect at once: the backend needs no waiting
  return () => {
    trace.returnGuests();
    if (before) void tf.setBackend(before);
    tf.removeBackend(BACKEND_NAME);
    for (const kernelName of Object.keys(kernels)) tf.unregisterKernel(kernelName, BACKEND_NAME);
  };
}

function tensors(trace: Trace, result: Result | Result[]): tf.TensorInfo | tf.TensorInfo[] {
  const one = (r: Result) => ('dataId' in r ? r : trace.tensor(r));
  return Array.isArray(result) ? result.map(one) : one(result);
}

interface Job {
  readonly inputs: readonly InputSpec[];
  readonly options: OnceOptions;
}

function recordGraph(trace: Trace, fn: Traceable, { inputs, options }: Job): Graph {
  const engine = tf.engine();
  const tape = engine.state.activeTape;
  engine.startScope('trace');
  let results: tf.Tensor[];
  try {
    const placeholders = inputs.map((spec) => placeholder(trace, spec, options.sizes));
    const returned = fn(...placeholders);
    results = Array.isArray(returned) ? returned : [returned];
    results.forEach(assertTensor);
    nameOutputs(trace, results, options.outputs);
  } finally {
    if (engine.state.activeTape !== tape) disposeTape();
    engine.endScope();
  }
  return finishGraph(trace.builder);
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

/** tfjs keeps the tensors that it saved for a gradient when the gradient fails halfway: free them. */
function disposeTape(): void {
  const { state } = tf.engine();
  for (const node of state.activeTape ?? []) for (const saved of node.saved ?? []) saved.dispose();
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
