import * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';
import { kernels } from '../kernels/index.js';
import type { Kernel } from '../kernels/kernel.js';
import type { Trace } from './trace.js';

/** Name under which the backend is registered while a trace runs. */
const BACKEND_NAME = 'egunet-trace';

/** Runs a synchronous function with a trace as tfjs's backend, and leaves tfjs as it was, whatever happens. */
export function withBackend<Result>(trace: Trace, run: () => Result): Result {
  const engine = tf.engine();
  if (tf.findBackendFactory(BACKEND_NAME))
    throw new ExportError('trace: a trace is running already; call traceFunction outside of traced functions');
  if (engine.state.gradientDepth > 0)
    throw new ExportError('trace: a gradient is being computed; call traceFunction outside, tf.grads inside it');
  const before = tf.getBackend();
  const made: tf.Tensor[] = [];
  for (const [kernelName, kernel] of Object.entries(kernels))
    tf.registerKernel({ kernelName, backendName: BACKEND_NAME, kernelFunc: recorded(trace, kernel, made) });
  tf.registerBackend(BACKEND_NAME, () => trace, 0);
  void tf.setBackend(BACKEND_NAME); // takes effect at once: this backend needs no waiting
  try {
    engine.startScope('trace');
    try {
      return run();
    } finally {
      engine.endScope();
      // Kept tensors too: those saved for a gradient that failed halfway, for one. They have no values to be read later.
      for (const tensor of made) if (!tensor.isDisposed) tensor.dispose();
      trace.returnGuests();
    }
  } finally {
    if (before) void tf.setBackend(before);
    tf.removeBackend(BACKEND_NAME);
    for (const kernelName of Object.keys(kernels)) tf.unregisterKernel(kernelName, BACKEND_NAME);
  }
}

/** A kernel as tfjs calls it; the tensors that it makes are added to `made`. */
function recorded(trace: Trace, kernel: Kernel, made: tf.Tensor[]): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const result = kernel(trace, inputs, attrs ?? {});
    const tensors = [result].flat().map((one) => {
      const info = 'dataId' in one ? one : trace.tensor(one);
      return tf.engine().makeTensorFromTensorInfo(info);
    });
    made.push(...tensors);
    return Array.isArray(result) ? tensors : tensors[0]!;
  };
}
