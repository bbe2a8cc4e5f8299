// What tfjs asks of a backend: tensors are stored, and refused to be read where they have no values.

import * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';

/** Types that tfjs tensors may have in a trace. */
export type TraceType = 'float32' | 'int32' | 'bool';

/** A value of the graph with its shape while tracing. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TraceType | 'int64';
}

/** What stands behind a tfjs tensor: constant values, or a value of the graph, the same elements in some shape. */
export interface Entry {
  readonly type: TraceType;
  readonly values?: tf.TypedArray;
  readonly value?: Value;
  /** The same elements in other shapes, made when first asked for. */
  readonly views: Map<string, Value>;
  references: number;
}

/** What tfjs adds to divisors in float32. */
const EPSILON = 1e-7;

function assertType(type: tf.DataType): asserts type is TraceType {
  if (type !== 'float32' && type !== 'int32' && type !== 'bool')
    throw new ExportError(`trace: a tensor of type ${type}; expected float32, int32 or bool`);
}

/** The tfjs side of a trace. */
export class TraceStorage extends tf.KernelBackend {
  protected readonly data: tf.DataStorage<Entry>;
  /** Tensors of other backends that the function used, with their homes. */
  private readonly guests = new Map<tf.DataId, tf.KernelBackend>();

  constructor() {
    super();
    const engine = tf.engine();
    this.data = new tf.DataStorage<Entry>(this, {
      moveData: (backend, id) => {
        const home = engine.state.tensorInfo.get(id)?.backend;
        if (!home) throw new ExportError('trace: a disposed tensor is used; keep it until the trace is done');
        this.guests.set(id, home);
        engine.moveData(backend, id);
      },
    });
  }

  /** Gives tensors of other backends back to them. */
  returnGuests(): void {
    const engine = tf.engine();
    for (const [id, home] of this.guests)
      if (engine.state.tensorInfo.get(id)?.backend === this) engine.moveData(home, id);
    this.guests.clear();
  }

  override write(values: tf.BackendValues, shape: number[], type: tf.DataType): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, type, 1);
    return dataId;
  }

  override move(
    id: tf.DataId,
    values: tf.BackendValues,
    _shape: number[],
    type: tf.DataType,
    references: number,
  ): void {
    assertType(type);
    this.data.set(id, { type, values: values as tf.TypedArray, views: new Map(), references });
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

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return EPSILON;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  /** Nothing to free: the trace goes with its last reference. */
  override dispose(): void {}
}
