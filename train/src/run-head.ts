import * as ort from 'onnxruntime-node';

/** Abundances [n, C] of pixels [n, B] by a model file, on one thread. */
export async function runHead(bytes: Uint8Array, pixels: Float32Array, bands: number): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  try {
    const spectra = new ort.Tensor('float32', pixels, [pixels.length / bands, bands]);
    const { abundances } = await session.run({ spectra });
    return abundances!.data as Float32Array;
  } finally {
    await session.release();
  }
}
