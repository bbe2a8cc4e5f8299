import assert from 'node:assert/strict';
import { encodeModel, narrowSplits, traceFunction } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

describe('splits into few parts', () => {
  const sizes = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4];
  const total = sizes.reduce((a, b) => a + b);
  /** Each part times its number, in one vector again. */
  const weigh = (x: tf.Tensor) => tf.concat(tf.split(x, sizes).map((part, i) => tf.mul(part, i + 1)));
  const graph = traceFunction((x) => [weigh(x!)], [{ name: 'x', shape: [total] }], { graphName: 'g', outputs: ['y'] });
  const x = Float32Array.from({ length: total }, (_, i) => Math.sin(i));

  for (const most of [2, 7, 19, 20])
    it(`give the same parts, no more than ${most} at once`, async () => {
      const narrow = narrowSplits(graph, most);
      const parts = narrow.nodes.filter(({ op }) => op === 'Split').map(({ outputs }) => outputs.length);
      assert.ok(parts.length > 0 && Math.max(...parts) <= most, `${parts}`);
      const session = await ort.InferenceSession.create(encodeModel(narrow));
      const { y } = await session.run({ x: new ort.Tensor('float32', x, [total]) });
      await session.release();
      const expected = sizes
        .flatMap((size, i) => Array<number>(size).fill(i + 1))
        .map((w, i) => Math.fround(w * x[i]!));
      assert.deepEqual([...(y!.data as Float32Array)], expected);
    });

  it('are left alone where they are few', () => {
    assert.deepEqual(narrowSplits(graph, sizes.length), graph);
  });
});
