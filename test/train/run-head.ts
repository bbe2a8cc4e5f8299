import * as ort from 'onnxruntime-node';

/** Abundances [n, C] of pixels [n, bands] by a pixel-wise model file. */
export async function runHead(bytes: Uint8Array, pixels: Float32Array, bands: number): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  try {
    const { abundances } = await session.run({
      spectra: new ort.Tensor('float32', pixels, [pixels.length / bands, bands]),
    });
    return abundances!.data as Float32Array;
  } finally {
    await session.release();
  }
}
