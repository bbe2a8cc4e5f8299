import type * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';
import type { Attributes } from '../graph.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';

/** What a kernel gives back: a value of the graph, or a tensor where it needs another shape than its value. */
export type Result = Value | tf.TensorInfo;

/** Appends the nodes that do what a tfjs kernel does. */
export type Kernel = (trace: Trace, inputs: object, attrs: object) => Result | Result[];

/** Kernels by their tfjs names. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** A kernel with inputs and attributes of the types that tfjs documents for it. */
export function kernel<Inputs, Attrs = object>(
  run: (trace: Trace, inputs: Inputs, attrs: Attrs) => Result | Result[],
): Kernel {
  return (trace, inputs, attrs) => run(trace, inputs as Inputs, attrs as Attrs);
}

export interface Unary {
  readonly x: tf.TensorInfo;
}
export interface Binary {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
}

/** Number of elements. */
export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Refuses element types that the ONNX operator has not, or treats otherwise than tfjs. */
export function assertTypes(op: string, tensors: readonly { dtype: tf.DataType }[], ...types: TraceType[]): void {
  for (const { dtype } of tensors)
    if (!types.some((type) => type === dtype))
      throw new ExportError(`trace: ${op} of a ${dtype} tensor; expected ${types.join(' or ')}: cast it first`);
}

/** Emits an operator without attributes that works element by element and keeps the shape. */
export function map(trace: Trace, op: string, x: Value, attributes: Attributes = {}): Value {
  return trace.emit(op, [x], x, attributes);
}
