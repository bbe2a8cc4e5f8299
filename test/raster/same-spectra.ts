import assert from 'node:assert/strict';
import type { Scene, Window } from '@egunet/raster';
import { bytesOf } from './geotiff-support.js';

/** The same pixels by `readSpectra` and by `streamSpectra`, but for those left out; with `edges`, those of blocks are kept for the next windows. */
export async function assertSame(
  scene: Scene,
  window: Window,
  { bands, pixels, leaveOut, edges }: { bands: number[]; pixels: number; leaveOut?: Uint8Array; edges?: number },
) {
  const { spectra, valid } = await scene.readSpectra(window, bands);
  const expectedPixels = valid.map((has, i) => (leaveOut?.[i] === 1 ? 0 : has));
  const B = bands.length;
  const seen = new Uint8Array(valid.length);
  let last = pixels;
  for await (const pack of scene.streamSpectra(window, bands, pixels, { ...(leaveOut && { leaveOut }), edges })) {
    assert.equal(last, pixels, 'only the last pack may be short');
    last = pack.count;
    for (let i = 0; i < pack.count; i++) {
      const pixel = pack.pixels[i]!;
      assert.equal(seen[pixel]!++, 0);
      const got = pack.spectra.subarray(i * B, (i + 1) * B);
      const expected = spectra.subarray(pixel * B, (pixel + 1) * B);
      if (!bytesOf(got).equals(bytesOf(expected))) assert.deepEqual(got, expected, `pixel ${pixel}`);
    }
    assert.ok(pack.spectra.subarray(pack.count * B).every((value) => value === 0));
  }
  assert.deepEqual(seen, expectedPixels);
}
