// The same mixtures as two sensors see them: do the zoo's models give the same fractions? Legend: n mixtures, L bands of the library, B bands, C classes.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel } from '@egunet/infer-node';
import { resampleLibrary } from '@egunet/raster';
import { readSpectralLibrary } from '@egunet/raster/node';
import { createMixer, createRandom, DEFAULT_MIXTURES } from '@egunet/train';
import { coverLibrary } from './cover-library.js';
import { dataFolder } from './scenes.js';
import { mean, table } from './statistics.js';

const MODELS = ['enmap-cover', 'emit-cover', 'sentinel2-cover', 'landsat8-cover'];
const MIXTURES = 4000;
/** What fractions by two sensors may differ by. */
const CLOSE = 0.03;

/** Fractions [n, C] of mixtures at the library's own wavelengths, as the model's sensor sees them. */
async function fractionsBy(name: string, spectra: Float32Array, wavelengths: readonly number[]): Promise<Float32Array> {
  const model = await openModel(fileURLToPath(import.meta.resolve(`@egunet/models/zoo/${name}.onnx`)));
  const names = Array.from({ length: MIXTURES }, (_, i) => `${i}`);
  const bands = model.card.bands.map(({ wavelength, fwhm }) => ({ wavelength: wavelength!, fwhm: fwhm! }));
  const seen = resampleLibrary({ names, wavelengths, spectra }, bands);
  const data = seen.map((value) => Math.max(0, value));
  const fractions = await model.session.run([{ name: 'spectra', data, shape: [MIXTURES, bands.length] }]);
  await model.release();
  return fractions;
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
  const differences = (a: Float32Array, b: Float32Array) => [...a.map((value, i) => Math.abs(value - b[i]!))];
  const cells = (a: Float32Array, b: Float32Array) => {
    const all = differences(a, b);
    const rmse = Math.sqrt(mean(all.map((value) => value ** 2)));
    return [mean(all), rmse, all.filter((value) => value <= CLOSE).length / all.length].map((value) =>
      value.toFixed(3),
    );
  };
  const rows = MODELS.flatMap((name, i) => [
    [`${name} and the truth`, ...cells(found.get(name)!, labels)],
    ...MODELS.slice(i + 1).map((other) => [`${name} and ${other}`, ...cells(found.get(name)!, found.get(other)!)]),
  ]);
  return `${table(['fractions of', 'mean difference', 'RMS difference', `share within ${CLOSE}`], rows)}\n\n${MIXTURES} mixtures of the library without noise, the zoo's models, all five classes`;
}
