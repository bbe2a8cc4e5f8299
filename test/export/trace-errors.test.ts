import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ExportError, type InputSpec, traceFunction } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import { root } from '../support/index.js';
import { onCpuBackend, type TensorFunction } from './support.js';

const input: InputSpec[] = [{ name: 'x', shape: [3, 4] }];

const wrong: Record<string, [TensorFunction, RegExp]> = {
  'a kernel without ONNX counterpart': [(x) => tf.cumsum(x!), /the tfjs kernel Cumsum has no ONNX counterpart here/],
  'one inside a gradient': [
    (x) => tf.grad((v) => tf.sum(tf.selu(tf.exp(v))))(x!),
    /the tfjs kernel Selu has no ONNX counterpart/,
  ],
  'values read': [(x) => tf.scalar(tf.exp(x!).dataSync()[0]!), /the values of 'Exp_0' \[3,4\] are read/],
  'values printed': [
    (x) => {
      x!.print();
      return x!;
    },
    /the values of 'x' \[3,4\] are read, but a traced tensor has none/,
  ],
  'a promise': [(async () => tf.scalar(1)) as unknown as TensorFunction, /returned a promise; expected a synchronous/],
  'no tensor': [(() => 3) as unknown as TensorFunction, /result 0 of the function is number; expected a tensor/],
  'nothing in a list': [(() => [undefined]) as unknown as TensorFunction, /result 0 of the function is undefined/],
  'a trace in a trace': [
    (x) => {
      traceFunction((v) => v!, input);
      return x!;
    },
    /a trace is running already/,
  ],
  'random numbers': [
    (x) => tf.mul(x!, tf.randomUniform([3, 4])),
    /Mul \(output0\) differs between two calls of the function \(random numbers or state\)/,
  ],
  'sums of truth values': [
    (x) => tf.add(tf.greater(x!, 0), tf.less(x!, 1)),
    /Add of a bool tensor; expected float32 or int32/,
  ],
  'the exponential of whole numbers': [
    (x) => tf.exp(tf.cast(x!, 'int32')),
    /Exp of a int32 tensor; expected float32: cast/,
  ],
  text: [() => tf.tensor1d(['a', 'b']), /a tensor of type string; expected float32, int32 or bool/],
  'gather with batches': [
    (x) => tf.gather(x!, tf.tensor2d([0, 1, 2], [3, 1], 'int32'), 1, 1),
    /gather with 1 batch axes is not supported; expected batchDims 0/,
  ],
  'a disposed tensor': [
    (x) => {
      const y = tf.exp(x!);
      y.dispose();
      return tf.neg(y);
    },
    /a disposed tensor is used; keep it until the trace is done/,
  ],
  'a pool with windows outside of the image': [
    (x) => tf.maxPool(tf.reshape(x!, [1, 3, 4, 1]) as tf.Tensor4D, 1, 1, 1),
    /a pool of 1x1 with padding \[1,1,1,1\] has windows without a pixel; expected less padding/,
  ],
  'sums into rows by a table of ids': [
    (x) =>
      tf
        .engine()
        .runKernel(
          'UnsortedSegmentSum',
          { x: x!, segmentIds: tf.zeros([3, 4], 'int32') },
          { numSegments: 2 },
        ) as tf.Tensor,
    /unsortedSegmentSum with ids of shape \[3,4\]; expected one axis/,
  ],
  'a parametric relu fused': [
    (x) => tf.fused.matMul({ a: x!, b: tf.ones([4, 2]), activation: 'prelu', preluActivationWeights: tf.ones([2]) }),
    /the fused activation 'prelu' is not supported/,
  ],
};

describe('traceFunction refuses', () => {
  onCpuBackend();

  for (const [name, [fn, message]] of Object.entries(wrong))
    it(`${name}, and leaves tfjs as it was`, () => {
      const before = tf.memory();
      assert.throws(
        () => traceFunction(fn, input),
        (error: unknown) => error instanceof ExportError && error._tag === 'ExportError' && message.test(error.message),
      );
      assert.deepEqual(tf.memory(), before);
      assert.equal(tf.getBackend(), 'cpu');
    });

  it('an asynchronous read, by rejecting', async () => {
    let error: unknown;
    traceFunction((x) => {
      x!.data().catch((e: unknown) => {
        error = e;
      });
      return x!;
    }, input);
    await new Promise((done) => setTimeout(done));
    assert.match(String(error), /the values of 'x' \[3,4\] are read/);
  });

  it('a trace inside a gradient', () => {
    const f = (x: tf.Tensor) => {
      traceFunction((v) => v!, input);
      return tf.sum(x);
    };
    assert.throws(() => tf.grad(f)(tf.ones([3])), { message: /a gradient is being computed/ });
  });

  it('inputs and outputs that make no sense', () => {
    const same: TensorFunction = (...all) => all;
    const trace = (shape: (number | string)[]) => traceFunction(same, [{ name: 'x', shape }]);
    for (const shape of [[0], [-1], [1.5], [Number.NaN], ['']])
      assert.throws(() => trace(shape), {
        _tag: 'ExportError',
        message: /input 'x' has shape .* expected whole sizes > 0/,
      });
    const double = [{ name: 'x', shape: [1], dtype: 'float64' as 'float32' }];
    assert.throws(() => traceFunction(same, double), { message: /input 'x' is of type float64; expected float32/ });
    assert.throws(() => traceFunction(same, [...input, ...input]), { message: /the name 'x' is taken already/ });
    assert.throws(() => traceFunction(same, input, { outputs: ['a', 'b'] }), {
      message: /2 output names for 1 results/,
    });
    assert.throws(() => traceFunction(same, input, { outputs: ['x'] }), { message: /the name 'x' is taken already/ });
  });

  it("passes the function's own errors on, and can trace afterwards", () => {
    const failing = () => {
      throw new RangeError('mine');
    };
    assert.throws(() => traceFunction(failing, input), RangeError);
    assert.equal(traceFunction((x) => tf.exp(x!), input).nodes.length, 1);
  });
});

describe('traceFunction in a bare process', () => {
  const run = (script: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: join(root, 'export'), encoding: 'utf8' });
  const start = `import { traceFunction } from '@egunet/export'; import * as tf from '@tensorflow/tfjs-core';
    const input = [{ name: 'x', shape: [3] }];`;

  it('needs no other tfjs backend', () => {
    const { stdout, stderr } = run(`${start}
      const graph = traceFunction((x) => tf.exp(x), input);
      console.log(graph.nodes.map((node) => node.op).join(), tf.getBackend() ?? 'none', tf.engine().backendNames().length);`);
    assert.equal(stdout.trim().split('\n').at(-1), 'Exp none 0', stderr);
  });

  it('says what to import when gradients are not registered', () => {
    const { stdout, stderr } = run(`${start}
      try { traceFunction((x) => tf.grad((v) => tf.sum(tf.exp(v)))(x), input); } catch (error) { console.log(error.message); }`);
    assert.match(stdout, /tfjs has no gradient for \w+; import '@tensorflow\/tfjs-layers' once/, stderr);
  });
});
