import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

/** Runs `compute` eagerly on tfjs's own CPU backend and gives the values of its result; whichever backend was active is so again. */
export async function computeOnCpu(compute: () => tf.Tensor): Promise<Float32Array> {
  const before = tf.engine().backendName;
  tf.enableProdMode(); // no banner about native bindings
  await tf.setBackend('cpu');
  try {
    return tf.tidy(() => compute().dataSync() as Float32Array);
  } finally {
    if (before && before !== 'cpu') await tf.setBackend(before);
  }
}
