import * as tf from '@tensorflow/tfjs-core';
import { anyShape, bools, floats, ints, pick, type Random, whole } from '../support.js';
import { type Case, type Cases, given } from './case.js';

type Move = (x: tf.Tensor) => tf.Tensor | tf.Tensor[];

/** A case on tensors of every type and of at least `least` axes; what is done may depend on the shape. */
function moving(name: string, least: number, how: (random: Random, shape: number[]) => Move, types = 3): Case {
  return {
    name,
    draw: (random) => {
      const shape = anyShape(random, whole(random, least, 4));
      const of = pick(random, [floats, ints, bools].slice(0, types));
      const move = how(random, shape);
      return { inputs: [of(random, shape)], run: (x) => move(x!) };
    },
  };
}

const anyAxis = (random: Random, shape: number[]) => whole(random, -shape.length, shape.length - 1);

/** begin and size inside a shape. */
function part(random: Random, shape: number[]): [number[], number[]] {
  const begin = shape.map((size) => whole(random, 0, size - 1));
  return [begin, shape.map((size, i) => whole(random, 1, size - begin[i]!))];
}

function joined(join: (tensors: tf.Tensor[], axis: number) => tf.Tensor, alike: boolean): Case {
  return {
    name: 'any axis',
    draw: (random) => {
      const shape = anyShape(random, whole(random, 1, 3));
      const axis = alike ? whole(random, 0, shape.length) : whole(random, 0, shape.length - 1);
      const of = pick(random, [floats, ints, bools]);
      const inputs = Array.from({ length: whole(random, 1, 4) }, () =>
        of(
          random,
          shape.map((size, i) => (i === axis && !alike ? whole(random, 1, 4) : size)),
        ),
      );
      return { inputs, run: (...all) => join(all, axis) };
    },
  };
}

/** Never empty: tfjs's CPU backend fails on those. */
const strided: Case = moving('any strides', 1, (random, shape) => {
  const strides = shape.map(() => pick(random, [1, 2, -1, -2]));
  const first = shape.map((size) => whole(random, 0, size - 1));
  const begin = first.map((at, axis) => (random() < 0.5 ? at : at - shape[axis]!));
  const end = first.map((at, axis) => {
    const size = shape[axis]!;
    const to = strides[axis]! > 0 ? whole(random, at + 1, size) : whole(random, -1, at - 1);
    return to < 0 || (to < size && random() < 0.5) ? to - size : to;
  });
  const [beginMask, endMask] = [whole(random, 0, 7) * 2, whole(random, 0, 7) * 2];
  return (x) => tf.stridedSlice(x, begin, end, strides, beginMask, endMask);
});

export const shapeCases: Cases = {
  Reshape: [
    moving('flattened and folded', 0, (_, shape) => (x) => {
      const flat = tf.reshape(x, [-1]);
      return tf.reshape(flat, [1, tf.util.sizeFromShape(shape), 1]);
    }),
    moving('there and back', 2, (_, shape) => (x) => {
      const same = tf.transpose(tf.reshape(x, [...shape].reverse()));
      return tf.transpose(tf.reshape(tf.reshape(same, [-1, 1]), shape));
    }),
    moving('unit axes removed', 1, () => (x) => tf.transpose(tf.squeeze(x))),
  ],
  ExpandDims: [
    moving('any place', 0, (random, shape) => {
      const axis = whole(random, -shape.length - 1, shape.length);
      return (x) => tf.expandDims(x, axis);
    }),
  ],
  Transpose: [
    moving('any order', 1, (random, shape) => {
      const perm = shape
        .map((_, i) => [random(), i])
        .sort(([a], [b]) => a! - b!)
        .map(([, i]) => i!);
      return (x) => tf.transpose(x, perm);
    }),
    moving('two in a row', 2, () => (x) => tf.transpose(tf.transpose(x))),
  ],
  Tile: [
    moving('any counts', 1, (random, shape) => {
      const reps = shape.map(() => whole(random, 1, 3));
      return (x) => tf.tile(x, reps);
    }),
    moving('broadcastTo', 2, (random, shape) => {
      const bigger = [2, ...shape.map((size) => (size === 1 ? whole(random, 2, 3) : size))];
      return (x) => tf.broadcastTo(x, bigger);
    }),
  ],
  Concat: [
    joined((all, axis) => tf.concat(all, axis), false),
    given(
      'with an empty tensor, and the last axis',
      (random) => [floats(random, [2, 3]), floats(random, [2, 1])],
      (x, y) => tf.concat([x!, tf.zeros([2, 0]), y!], -1),
    ),
  ],
  Pack: [joined((all, axis) => tf.stack(all, axis), true)],
  Unpack: [
    moving('any axis', 1, (random, shape) => {
      const axis = anyAxis(random, shape);
      return (x) => tf.unstack(x, axis);
    }),
  ],
  SplitV: [
    given(
      'sizes, one left open',
      (random) => [floats(random, [2, 6])],
      (x) => tf.split(x!, [1, -1, 3], 1),
    ),
    moving('a number of parts', 1, (random, shape) => {
      const axis = anyAxis(random, shape);
      return (x) => tf.split(x, shape.at(axis)!, axis);
    }),
  ],
  Slice: [
    moving('any part', 1, (random, shape) => {
      const [begin, size] = part(random, shape);
      return (x) => tf.slice(x, begin, size);
    }),
    moving('to the end', 1, (random, shape) => {
      const from = whole(random, 0, shape[0]! - 1);
      return (x) => tf.slice(x, [from]);
    }),
  ],
  StridedSlice: [
    strided,
    moving('one place of the first axis', 1, (random, shape) => {
      const at = whole(random, -shape[0]!, shape[0]! - 1);
      return (x) => tf.stridedSlice(x, [at], [at + 1], [1], 0, 0, 0, 0, 1);
    }),
    given(
      'a new axis, and an ellipsis',
      (random) => [floats(random, [3, 4, 5])],
      (x) => tf.stridedSlice(x!, [0, 0, 1], [0, 0, 3], [1, 1, 1], 0, 0, 2, 1, 0),
    ),
    given(
      'all of it',
      (random) => [floats(random, [3, 4])],
      (x) => tf.stridedSlice(x!, [0, 0], [3, 4], [1, 1]),
    ),
  ],
  PadV2: [
    moving(
      'any width, a value',
      1,
      (random, shape) => {
        const widths = shape.map((): [number, number] => [whole(random, 0, 2), whole(random, 0, 2)]);
        const value = pick(random, [0, 7]);
        return (x) => tf.pad(x, widths, value);
      },
      2,
    ),
    moving(
      'no width',
      1,
      (_, shape) => (x) =>
        tf.pad(
          x,
          shape.map((): [number, number] => [0, 0]),
        ),
      2,
    ),
  ],
  GatherV2: [
    {
      name: 'any axis, indices of any rank',
      draw: (random) => {
        const shape = anyShape(random, whole(random, 1, 3));
        const axis = anyAxis(random, shape);
        const indices = ints(random, anyShape(random, whole(random, 1, 2)), 0, shape.at(axis)! - 1);
        const x = pick(random, [floats, ints, bools])(random, shape);
        return { inputs: [x, indices], run: (t, i) => tf.gather(t!, i! as tf.Tensor1D, axis) };
      },
    },
  ],
  UnsortedSegmentSum: [
    given(
      'rows into fewer, one stays empty',
      (random) => [floats(random, [6, 2, 3]), tf.tensor1d([0, 2, 2, 0, 4, 2], 'int32')],
      (x, ids) => tf.unsortedSegmentSum(x!, ids! as tf.Tensor1D, 5),
    ),
  ],
  OneHot: [
    ...(['int32', 'float32', 'bool'] as const).map((dtype) =>
      given(
        `${dtype}, indices outside are off`,
        (random) => [ints(random, anyShape(random, whole(random, 1, 3)), -2, 5)],
        (i) => tf.oneHot(i!, 4, 1, 0, dtype),
      ),
    ),
    given(
      'other values',
      (random) => [ints(random, [5], 0, 3)],
      (i) => tf.oneHot(i!, 4, 0.75, -0.25, 'float32'),
    ),
  ],
  Reverse: [
    moving('any axes', 0, (random, shape) => {
      const axes = shape.map((_, i) => i).filter(() => random() < 0.5);
      return (x) => tf.reverse(x, axes);
    }),
  ],
  Fill: [
    given(
      'floats and whole numbers',
      (random) => [floats(random, [2, 3])],
      (x) => [tf.mul(x!, tf.fill([2, 3], 0.5)), tf.fill([2], 3, 'int32'), tf.add(x!, tf.fill([4, 1, 3], 2))],
    ),
  ],
  ZerosLike: [moving('any type', 0, () => (x) => tf.zerosLike(x))],
  OnesLike: [moving('any type', 0, () => (x) => tf.onesLike(x))],
  Range: [
    given(
      'up and down',
      (random) => [floats(random, [5])],
      (x) => [tf.add(x!, tf.range(0, 5)), tf.range(7, 1, -2, 'int32'), tf.range(0.5, 2, 0.25), tf.range(1, 1)],
    ),
  ],
};
