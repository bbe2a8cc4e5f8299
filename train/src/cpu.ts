import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

/** Runs `compute` eagerly on tfjs's own CPU backend and gives the values of its result; whichever backend was active is so again. */
export async function computeOnCpu(compute: () => tf.Tensor): Promise<Float32Array> {
  const before = tf.engine().backendName;
  tf.enableProdMode(); // no banner about native bindings
  await tf.setBackend('cpu');
  try {
    const result = tf.tidy(compute); // tidy walks through what it is given: tensors only, never their values
    const values = result.dataSync() as Float32Array;
    result.dispose();
    return values;
  } finally {
    if (before && before !== 'cpu') await tf.setBackend(before);
  }
}
