// Training data as the network takes it. The network's own input function, traced: tfjs's CPU backend takes minutes where this takes a second.
import { encodeModel, traceFunction } from '@egunet/export';
import { scaleInput } from '@egunet/models';
import type * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

/** clip(reflectance * inputScale, 0, 1) of each of the matrices [n, bands]. */
export async function scaleData(
  matrices: readonly Float32Array[],
  { bands, inputScale }: { bands: number; inputScale: number },
): Promise<Float32Array[]> {
  const scale = (reflectance: tf.Tensor) => scaleInput(reflectance as tf.Tensor2D, inputScale);
  const graph = traceFunction(scale, [{ name: 'reflectance', shape: ['pixels', bands] }], { outputs: ['scaled'] });
  const session = await ort.InferenceSession.create(encodeModel(graph));
  try {
    const results: Float32Array[] = [];
    for (const matrix of matrices) {
      const reflectance = new ort.Tensor('float32', matrix, [matrix.length / bands, bands]);
      results.push((await session.run({ reflectance })).scaled!.data as Float32Array);
    }
    return results;
  } finally {
    await session.release();
  }
}
