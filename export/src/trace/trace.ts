// A tfjs backend that computes nothing: its tensors are names in a graph, its kernels append nodes.

import type * as tf from '@tensorflow/tfjs-core';
import { addConstant, addNodes, createBuilder, type GraphBuilder } from '../builder.js';
import { ExportError } from '../error.js';
import { type Attributes, attr, boolTensor, float32Tensor, int32Tensor, int64Tensor, type Tensor } from '../graph.js';
import { TraceStorage, type TraceType, type Value } from './storage.js';

export type { TraceType, Value } from './storage.js';

/** The tracing backend: one for each trace, so that nothing outlives it. */
export class Trace extends TraceStorage {
  readonly builder: GraphBuilder;
  /** What each transposed value was made of. */
  private readonly transposed = new Map<string, { from: Value; perm: readonly number[] }>();

  constructor(graphName: string) {
    super();
    this.builder = createBuilder(graphName);
  }

  /** Appends a node with one output. */
  emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    to: Omit<Value, 'name'>,
    attributes: Attributes = {},
  ): Value {
    return this.emitAll(op, inputs, [to], attributes)[0]!;
  }

  /** Appends a node with as many outputs as `to` has entries. */
  emitAll(
    op: string,
    inputs: readonly (Value | undefined)[],
    to: readonly Omit<Value, 'name'>[],
    attributes: Attributes,
  ): Value[] {
    const from = inputs.map((input) => input?.name ?? ''); // '' is an optional input left out
    const names = addNodes(this.builder, op, from, { attributes, outputs: to.length });
    return to.map((one, i) => ({ name: names[i]!, shape: one.shape, type: one.type }));
  }

  /** A constant of the graph. */
  constant(tensor: Tensor<Value['type']>): Value {
    return { name: addConstant(this.builder, tensor), shape: tensor.shape, type: tensor.type };
  }

  /** An int64 constant [values.length]: axes, sizes, indices. */
  int64(values: readonly number[]): Value {
    return this.constant(int64Tensor(values));
  }

  /** A constant of rank 0. */
  scalar(value: number, type: TraceType): Value {
    return this.constant(toTensor([value], [], type));
  }

  /** The value behind a tensor, in the tensor's own shape or in another of the same size. */
  value(tensor: tf.TensorInfo, shape: readonly number[] = tensor.shape): Value {
    const { value, values, views, type } = this.data.get(tensor.dataId);
    if (value && String(value.shape) === String(shape)) return value;
    const known = views.get(String(shape));
    if (known) return known;
    const view = value ? this.reshape(value, shape) : this.constant(toTensor(values!, shape, type));
    views.set(String(shape), view);
    return view;
  }

  /** The value behind a tensor in the shape in which it was made: no node is needed for it. */
  base(tensor: tf.TensorInfo): Value {
    return this.data.get(tensor.dataId).value ?? this.value(tensor);
  }

  /** The one number that all elements of a constant are; undefined for anything else. */
  uniform(tensor: tf.TensorInfo): number | undefined {
    const { values } = this.data.get(tensor.dataId);
    const first = values?.[0];
    return first !== undefined && values!.every((v) => Object.is(v, first)) ? first : undefined;
  }

  /** A new tensor that stands for a value, in the value's own shape or in another of the same size. */
  tensor(value: Value, shape: readonly number[] = value.shape): tf.TensorInfo {
    if (value.type === 'int64') throw new ExportError(`trace: ${value.name} is int64, which no tfjs tensor is`);
    const dataId = {};
    this.data.set(dataId, { type: value.type, value, views: new Map(), references: 1 });
    return { dataId, shape: [...shape], dtype: value.type };
  }

  /** A new tensor of constant values. */
  constantTensor(values: tf.TypedArray, shape: readonly number[], type: tf.DataType): tf.TensorInfo {
    return { dataId: this.write(values, [...shape], type), shape: [...shape], dtype: type };
  }

  /** The same tensor in another shape: nothing is emitted until a kernel needs that shape. */
  relabel(tensor: tf.TensorInfo, shape: readonly number[] = tensor.shape): tf.TensorInfo {
    this.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: [...shape], dtype: tensor.dtype };
  }

  /** The same elements in another shape. */
  reshape(value: Value, shape: readonly number[]): Value {
    if (String(value.shape) === String(shape)) return value;
    const to = { shape, type: value.type };
    // Unit axes come and go without a size being written down, so that sizes may stay open.
    const added = addedUnitAxes(value.shape, shape);
    if (added) return this.emit('Unsqueeze', [value, this.int64(added)], to);
    const removed = addedUnitAxes(shape, value.shape);
    if (removed) return this.emit('Squeeze', [value, this.int64(removed)], to);
    return this.emit('Reshape', [value, this.int64(shape)], to, { allowzero: attr.int(0) });
  }

  /** Axes in another order: output axis i is input axis perm[i]. Two in a row become one, or none. */
  transpose(value: Value, perm: readonly number[]): Value {
    const before = this.transposed.get(value.name);
    if (before)
      return this.transpose(
        before.from,
        perm.map((axis) => before.perm[axis]!),
      );
    if (perm.every((from, to) => from === to)) return value;
    const to = { shape: perm.map((axis) => value.shape[axis]!), type: value.type };
    const result = this.emit('Transpose', [value], to, { perm: attr.ints(perm) });
    this.transposed.set(result.name, { from: value, perm });
    return result;
  }
}

function toTensor(values: ArrayLike<number>, shape: readonly number[], type: TraceType): Tensor<TraceType> {
  const makers = { float32: float32Tensor, int32: int32Tensor, bool: boolTensor };
  return makers[type](values, shape);
}

/** The axes of `longer` that have to be added to `shorter` to make it, all of size 1; undefined where that is not all. */
function addedUnitAxes(shorter: readonly number[], longer: readonly number[]): number[] | undefined {
  const axes: number[] = [];
  longer.forEach((size, axis) => {
    if (size === 1 && shorter[axis - axes.length] !== 1) axes.push(axis);
  });
  const rest = longer.filter((_, axis) => !axes.includes(axis));
  return String(rest) === String(shorter) ? axes : undefined;
}
