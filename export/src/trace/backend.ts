// A tfjs backend that computes nothing: its tensors are names in a graph, its kernels append nodes.

import * as tf from '@tensorflow/tfjs-core';
import { addConstant, addNodes, createBuilder, type GraphBuilder } from '../builder.js';
import { ExportError } from '../error.js';
import { type Attributes, attr, boolTensor, float32Tensor, int32Tensor, int64Tensor, type Tensor } from '../graph.js';

/** Name under which the backend is registered while a trace runs. */
export const BACKEND_NAME = 'egunet-trace';

/** What tfjs adds to divisors in float32. */
const EPSILON = 1e-7;

export type TraceType = 'float32' | 'int32' | 'bool';

/** A value of the graph with its shape while tracing. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TraceType | 'int64';
}

/** What stands behind a tfjs tensor: constant values, or a value of the graph, the same elements in some shape. */
interface Entry {
  readonly type: TraceType;
  readonly values?: tf.TypedArray;
  readonly value?: Value;
  /** The same elements in other shapes, made when first asked for. */
  readonly views: Map<string, Value>;
  references: number;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function assertType(type: tf.DataType): asserts type is TraceType {
  if (type !== 'float32' && type !== 'int32' && type !== 'bool')
    throw new ExportError(`trace: a tensor of type ${type}; expected float32, int32 or bool`);
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

/** The tracing backend: one for each trace, so that nothing outlives it. */
export class Trace extends tf.KernelBackend {
  readonly builder: GraphBuilder;
  private readonly data: tf.DataStorage<Entry>;
  /** Tensors of other backends that the function used, to be given back. */
  private readonly guests = new Map<tf.DataId, tf.KernelBackend>();

  /** What each transposed value was made of. */
  private readonly transposed = new Map<string, { from: Value; perm: readonly number[] }>();

  constructor(graphName: string) {
    super();
    this.builder = createBuilder(graphName);
    const engine = tf.engine();
    this.data = new tf.DataStorage<Entry>(this, {
      moveData: (backend, id) => {
        const from = engine.state.tensorInfo.get(id)?.backend;
        if (!from) throw new ExportError('trace: a disposed tensor is used; keep it until the trace is done');
        this.guests.set(id, from);
        engine.moveData(backend, id);
      },
    });
  }

  // What kernels use.

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
  constant(tensor: Tensor): Value {
    if (tensor.type !== 'float32' && tensor.type !== 'int32' && tensor.type !== 'int64' && tensor.type !== 'bool')
      throw new ExportError(`trace: a constant of type ${tensor.type}`);
    return { name: addConstant(this.builder, tensor), shape: tensor.shape, type: tensor.type };
  }

  /** An int64 constant [values.length]: axes, sizes, indices. */
  int64(values: readonly number[]): Value {
    return this.constant(int64Tensor(values));
  }

  /** A float32 or int32 constant of rank 0. */
  scalar(value: number, type: TraceType): Value {
    return this.constant(toTensor([value], [], type));
  }

  /** The value behind a tensor, in the tensor's own shape or in another of the same size. */
  value(tensor: tf.TensorInfo, shape: readonly number[] = tensor.shape): Value {
    const entry = this.data.get(tensor.dataId);
    const { value, values, views, type } = entry;
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

  /** A new tensor that stands for a value, in the value's own shape or in another of the same size. */
  tensor(value: Value, shape: readonly number[] = value.shape): tf.TensorInfo {
    if (value.type === 'int64') throw new ExportError('trace: tfjs has no int64 tensors');
    const dataId = {};
    this.data.set(dataId, { type: value.type, value, views: new Map(), references: 1 });
    return { dataId, shape: [...shape], dtype: value.type };
  }

  /** A new tensor of constant values. */
  constantTensor(values: tf.TypedArray, shape: readonly number[], type: tf.DataType): tf.TensorInfo {
    return { dataId: this.write(values, [...shape], type), shape: [...shape], dtype: type };
  }

  /** The same tensor in another shape: nothing is emitted until a kernel needs that shape. */
  relabel(tensor: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
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
    return this.emit('Reshape', [value, this.int64(shape)], to, { allowzero: attr.int(1) });
  }

  /** Gives tensors of other backends back to them. */
  returnGuests(): void {
    const engine = tf.engine();
    for (const [id, home] of this.guests)
      if (engine.state.tensorInfo.get(id)?.backend === this) engine.moveData(home, id);
    this.guests.clear();
  }

  // What tfjs asks of a backend.

  override write(values: tf.BackendValues, shape: number[], type: tf.DataType): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, type, 1);
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.BackendValues,
    _shape: number[],
    type: tf.DataType,
    references: number,
  ): void {
    assertType(type);
    this.data.set(dataId, {
      type,
      values: values as tf.TypedArray,
      views: new Map(),
      references,
    });
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const { values, value } = this.data.get(dataId);
    if (values) return values;
    throw new ExportError(
      `trace: the values of '${value!.name}' [${value!.shape}] are read, but a traced tensor has none; compute with tf operations only, without dataSync(), arraySync(), print() or buffer()`,
    );
  }

  override async read(dataId: tf.DataId): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  override numDataIds(): number {
    return this.data.numDataIds();
  }

  override refCount(dataId: tf.DataId): number {
    return this.data.has(dataId) ? this.data.get(dataId).references : 0;
  }

  override incRef(dataId: tf.DataId): void {
    this.data.get(dataId).references++;
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const entry = this.data.get(dataId);
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.data.delete(dataId);
    return true;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return EPSILON;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {}
}

function toTensor(values: ArrayLike<number>, shape: readonly number[], type: TraceType): Tensor {
  if (values.length !== sizeOf(shape))
    throw new ExportError(`trace: a constant of ${values.length} values as [${shape}]`);
  if (type === 'bool') return boolTensor(values, shape);
  return type === 'int32' ? int32Tensor(values, shape) : float32Tensor(values, shape);
}
