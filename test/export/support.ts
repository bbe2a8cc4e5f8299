import assert from 'node:assert/strict';
import { encodeModel, type Graph, type InputSpec, type TraceOptions, traceFunction } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers gradients
import * as ort from 'onnxruntime-node';

/** Numbers in [0, 1) from a seed (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number in [from, to]. */
export const whole = (random: Random, from: number, to: number) => from + Math.floor(random() * (to - from + 1));

/** One of a list. */
export const pick = <T>(random: Random, list: readonly T[]): T => list[whole(random, 0, list.length - 1)]!;

/** A shape of `rank` axes (0 to 4 when not given) of 1 to 4 each. */
export function anyShape(random: Random, rank = whole(random, 0, 4)): number[] {
  return Array.from({ length: rank }, () => whole(random, 1, 4));
}

/** A tensor of numbers in [from, to). */
export function floats(random: Random, shape: number[], from = -3, to = 3): tf.Tensor {
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => from + random() * (to - from));
  return tf.tensor(values, shape, 'float32');
}

/** A tensor of whole numbers in [from, to]. */
export function ints(random: Random, shape: number[], from = -5, to = 5): tf.Tensor {
  const values = Int32Array.from({ length: tf.util.sizeFromShape(shape) }, () => whole(random, from, to));
  return tf.tensor(values, shape, 'int32');
}

/** A tensor of truth values. */
export function bools(random: Random, shape: number[]): tf.Tensor {
  const values = Uint8Array.from({ length: tf.util.sizeFromShape(shape) }, () => whole(random, 0, 1));
  return tf.tensor(values, shape, 'bool');
}

/** What a traced graph gives for some tensors. */
export interface Output {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: string;
  readonly values: readonly number[];
}

export type TensorFunction = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** The specification of an input like a tensor. */
export const specOf = (tensor: tf.Tensor, i: number): InputSpec => ({
  name: `input${i}`,
  shape: tensor.shape,
  dtype: tensor.dtype as 'float32',
});

/** Traces a function for inputs like the given ones. */
export function traceLike(fn: TensorFunction, inputs: readonly tf.Tensor[], options?: TraceOptions): Graph {
  return traceFunction(fn, inputs.map(specOf), options);
}

function toOrt(tensor: tf.Tensor): ort.Tensor {
  const data = tensor.dataSync();
  return new ort.Tensor(tensor.dtype as 'float32', data as Float32Array, tensor.shape);
}

/** Runs a graph with onnxruntime; inputs by position. */
export async function runGraph(graph: Graph, inputs: readonly tf.Tensor[]): Promise<Output[]> {
  const session = await ort.InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const feeds = Object.fromEntries(graph.inputs.map(({ name }, i) => [name, toOrt(inputs[i]!)]));
    const results = await session.run(feeds);
    return graph.outputs.map(({ name }) => {
      const { dims, type, data } = results[name]!;
      return { name, shape: dims, type, values: Array.from(data as Float32Array, Number) };
    });
  } finally {
    await session.release();
  }
}

/** What tfjs's CPU backend gives. */
export function runEagerly(fn: TensorFunction, inputs: readonly tf.Tensor[]): Output[] {
  const results = tf.tidy(() => fn(...inputs));
  return [results].flat().map((tensor, i) => {
    const values = Array.from(tensor.dataSync());
    return { name: `output${i}`, shape: tensor.shape, type: tensor.dtype, values };
  });
}

/** How far numbers may lie apart: |a - b| <= absolute + relative * |b|. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

// Both compute in float32 but sum in another order: a few roundings of 6e-8 on values up to about 100.
const DEFAULT: Required<Tolerance> = { relative: 1e-5, absolute: 2e-6 };

export function assertClose(actual: readonly number[], expected: readonly number[], tolerance: Tolerance = {}): void {
  const { relative, absolute } = { ...DEFAULT, ...tolerance };
  assert.equal(actual.length, expected.length);
  actual.forEach((a, i) => {
    const e = expected[i]!;
    const near = Object.is(a, e) || a === e || Math.abs(a - e) <= absolute + relative * Math.abs(e);
    assert.ok(near, `value ${i}: ${a}, expected ${e}`);
  });
}

/** Asserts that onnxruntime on the traced graph and tfjs's CPU backend agree: shapes, types and values. */
export async function assertSameAsEager(
  fn: TensorFunction,
  inputs: readonly tf.Tensor[],
  tolerance?: Tolerance,
): Promise<void> {
  const expected = runEagerly(fn, inputs);
  const actual = await runGraph(traceLike(fn, inputs), inputs);
  assert.deepEqual(
    actual.map(({ shape, type }) => ({ shape, type })),
    expected.map(({ shape, type }) => ({ shape, type })),
  );
  actual.forEach(({ values }, i) => {
    assertClose(values, expected[i]!.values, tolerance);
  });
}

/** Chooses tfjs's CPU backend for a suite and checks that it leaves no tensors behind. Call inside `describe`. */
export function onCpuBackend(): void {
  let tensors = 0;
  before(async () => {
    await tf.setBackend('cpu');
  });
  beforeEach(() => {
    tensors = tf.memory().numTensors;
    tf.engine().startScope();
  });
  afterEach(() => {
    tf.engine().endScope();
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left behind');
    assert.equal(tf.getBackend(), 'cpu');
  });
}
