// Pixels of real scenes, as their own sensor sees them and as another one's would. Legend: n pixels, B bands.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelCard } from '@egunet/models/card';
import { resampleLibrary } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { dataFolder } from './scenes.js';

export interface RealPixels {
  /** [n, B], negative ones 0. */
  readonly spectra: Float32Array;
  /** nm [B], rising. */
  readonly wavelengths: readonly number[];
}

/** Pixels with data of each scene in a folder of EGUNET_DATA, in the bands that are not bad. */
export async function realScenes(folder: string): Promise<RealPixels[]> {
  const place = join(dataFolder, folder);
  const files = readdirSync(place).filter((name) => /\.(tif|hdr)$/.test(name));
  const scenes: RealPixels[] = [];
  for (const file of files) scenes.push(await pixelsOf(join(place, file)));
  return scenes;
}

async function pixelsOf(file: string): Promise<RealPixels> {
  const scene = await openScene(file);
  const { bands, rows, cols } = scene;
  const used = [...bands.keys()].filter((b) => !bands[b]!.bad && bands[b]!.wavelength !== undefined);
  used.sort((a, b) => bands[a]!.wavelength! - bands[b]!.wavelength!);
  const read = await scene.readSpectra({ row: 0, col: 0, rows, cols }, used);
  await scene.close();
  const B = used.length;
  const spectra: number[] = [];
  for (const [n, valid] of read.valid.entries())
    if (valid) for (let b = 0; b < B; b++) spectra.push(Math.max(0, read.spectra[n * B + b]!));
  return { spectra: Float32Array.from(spectra), wavelengths: used.map((b) => bands[b]!.wavelength!) };
}

/** The same pixels in the bands of a model [n, B], by their responses. */
export function seenBy(card: ModelCard, { spectra, wavelengths }: RealPixels): Float32Array {
  const names = Array.from({ length: spectra.length / wavelengths.length }, (_, n) => `${n}`);
  const bands = card.bands.map(({ wavelength, fwhm }) => ({ wavelength: wavelength!, fwhm: fwhm! }));
  return resampleLibrary({ names, wavelengths, spectra }, bands).map((value) => Math.max(0, value));
}
