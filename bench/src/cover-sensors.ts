// The same mixtures as two sensors see them: do the zoo's models give the same fractions? Legend: n mixtures, L bands of the library, B bands, C classes.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel } from '@egunet/infer-node';
import { readSpectralLibrary } from '@egunet/raster/node';
import { createMixer, createRandom, DEFAULT_MIXTURES } from '@egunet/train';
import { coverLibrary } from './cover-library.js';
import { realScenes, seenBy } from './real-pixels.js';
import { dataFolder } from './scenes.js';
import { mean, table } from './statistics.js';

const MODELS = ['enmap-cover', 'emit-cover', 'sentinel2-cover', 'landsat8-cover'];
const MIXTURES = 4000;
/** What fractions by two sensors may differ by. */
const CLOSE = 0.03;

/** Fractions [n, C] of spectra at these wavelengths, as the model's sensor sees them. */
async function fractionsBy(name: string, spectra: Float32Array, wavelengths: readonly number[]): Promise<Float32Array> {
  const model = await openModel(fileURLToPath(import.meta.resolve(`@egunet/models/zoo/${name}.onnx`)));
  const data = seenBy(model.card, { spectra, wavelengths });
  const B = model.card.bands.length;
  const fractions = await model.session.run([{ name: 'spectra', data, shape: [data.length / B, B] }]);
  await model.release();
  return fractions;
}

/** Mean and root mean square of the differences, and the share of those that are small. */
function cells(a: Float32Array, b: Float32Array): string[] {
  const all = [...a.map((value, i) => Math.abs(value - b[i]!))];
  const rmse = Math.sqrt(mean(all.map((value) => value ** 2)));
  return [mean(all), rmse, all.filter((value) => value <= CLOSE).length / all.length].map((value) => value.toFixed(3));
}

const HEADS = ['mean difference', 'RMS difference', `share within ${CLOSE}`];

/** Real scenes, what sees them, and what sees them otherwise. */
const REAL = [
  { what: 'EnMAP, Potsdam', folder: 'enmap-potsdam/images', own: 'enmap-cover', others: ['sentinel2-cover', 'landsat8-cover'] }, // biome-ignore format: a table
  { what: 'EMIT, crop', folder: 'emit-sample', own: 'emit-cover', others: ['enmap-cover', 'sentinel2-cover', 'landsat8-cover'] }, // biome-ignore format: a table
];

/** The table of real pixels by their own sensor's model, and resampled to other sensors by theirs. */
export async function realTable(): Promise<string> {
  const rows: string[][] = [];
  for (const { what, folder, own, others } of REAL) {
    const scenes = await realScenes(folder);
    const { wavelengths } = scenes[0]!;
    const spectra = Float32Array.from(scenes.flatMap((scene) => [...scene.spectra]));
    const mine = await fractionsBy(own, spectra, wavelengths);
    for (const other of others)
      rows.push([
        `${what}: ${own} and ${other}`,
        `${spectra.length / wavelengths.length}`,
        ...cells(mine, await fractionsBy(other, spectra, wavelengths)),
      ]);
  }
  return table(['fractions of real pixels, resampled', 'pixels', ...HEADS], rows);
}

/** The table of differences between sensors. */
export async function sensorTable(): Promise<string> {
  const { wavelengths } = await readSpectralLibrary(join(dataFolder, 'earthlib/spectra.sli'));
  const { library, used } = await coverLibrary(wavelengths!, { all: true });
  const random = createRandom(7);
  const { spectra, labels } = createMixer(library, { mixtures: DEFAULT_MIXTURES, random })(
    random.fork('sensors'),
    MIXTURES,
  );
  const at = used.map((b) => wavelengths![b]!);
  const found = new Map<string, Float32Array>();
  for (const name of MODELS) found.set(name, await fractionsBy(name, spectra, at));
  const rows = MODELS.flatMap((name, i) => [
    [`${name} and the truth`, ...cells(found.get(name)!, labels)],
    ...MODELS.slice(i + 1).map((other) => [`${name} and ${other}`, ...cells(found.get(name)!, found.get(other)!)]),
  ]);
  return `${table(['fractions of', ...HEADS], rows)}\n\n${MIXTURES} mixtures of the library without noise, the zoo's models, all five classes`;
}
