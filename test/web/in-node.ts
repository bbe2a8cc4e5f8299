// What Node makes of a test's scene. Legend: C endmembers.
import { join } from 'node:path';
import { unmix } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import { openScene } from '@egunet/raster/node';

/** Abundances [rows * cols, C], with the spread of an ensemble [rows * cols, 2 C], of `scene.tif` of a folder by its `model.onnx`, or of one of the scene's overviews, from 1 on. */
export async function unmixInNode(folder: string, level = 0, { spread = false } = {}) {
  const { session, card, release } = await openModel(join(folder, 'model.onnx'), { threads: 1 });
  const scene = await openScene(join(folder, 'scene.tif'));
  const reader = level === 0 ? scene : await scene.overviews![level - 1]!.open();
  const { rows, cols } = reader;
  for await (const { abundances } of unmix(session, reader, { card, spread, tile: { rows, cols } })) {
    await release();
    await scene.close();
    return { rows, cols, abundances };
  }
  throw new Error('no tile');
}
