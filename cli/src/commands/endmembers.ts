import type { Argv } from 'yargs';
import type { Control } from '../support/control.js';
import { sceneRequest, withDataOptions } from '../support/data-options.js';
import { overwrite, requiredText, withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';
import { withPixelOptions } from '../support/pixel-options.js';
import { httpOptions, scenePositional, withSceneOptions } from '../support/scene-options.js';

export const command = 'endmembers <scene>';
export const describe = 'Find the endmembers of a scene: CSV, ENVI library and a drawing';

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      withDataOptions(
        withPixelOptions(
          yargs
            .positional('scene', { ...scenePositional, demandOption: true })
            .usage(
              '$0 endmembers SCENE -o PREFIX\n\nFinds endmembers (those of the spectra of 5 x 5 blocks that together reconstruct the scene best, each the mean of its nearly pure pixels) and writes PREFIX.csv, PREFIX.sli with its header PREFIX.sli.hdr, and PREFIX.svg.',
            )
            .option('o', requiredText('o', 'Where to write: PREFIX.csv, PREFIX.sli, PREFIX.sli.hdr, PREFIX.svg'))
            .option('overwrite', overwrite)
            .group(['o', 'overwrite'], 'Output:')
            .example('$0 endmembers scene.tif -n 5 -o endmembers', 'five endmembers')
            .example('$0 endmembers ENMAP01-____L2A-DT0000001049 --mask cloud,shadow -o clear', 'without clouds')
            .example(
              '$0 endmembers scene.tif --library minerals.sli -o minerals-here',
              "a library at the scene's bands",
            ),
        ),
      ),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

async function write(args: Arguments, control: Control) {
  const { o: prefix, overwrite: replace } = args;
  const files = await import('../support/files.js');
  const paths = { csv: `${prefix}.csv`, sli: `${prefix}.sli`, header: `${prefix}.sli.hdr`, svg: `${prefix}.svg` };
  for (const path of Object.values(paths)) await files.assertWritable(path, { overwrite: replace });
  const [{ makeLibrary }, { spectralLibraryFiles, writeFiles }, { withData }] = await Promise.all([
    import('@egunet/raster'),
    import('@egunet/raster/node'),
    import('../pipeline/prepare.js'),
  ]);
  const { facts, found } = await withData(await sceneRequest(args.scene, args), { control }, async (data) => data);
  const { bands, endmembers, endmemberMethod } = facts;
  const names = endmembers.map(({ name }) => name);
  const known = <K extends 'wavelength' | 'fwhm'>(key: K) =>
    bands.every((band) => band[key] !== null) ? bands.map((band) => band[key]!) : undefined;
  const [wavelengths, fwhm] = [known('wavelength'), known('fwhm')];
  const library = makeLibrary(
    { names, spectra: found.endmembers, ...(wavelengths && { wavelengths }), ...(wavelengths && fwhm && { fwhm }) },
    args.scene,
  );
  const spectra = endmembers.map(({ spectrum }) => spectrum);
  const set = { wavelengths: bands.map(({ wavelength }) => wavelength), names, spectra };
  // What draws is large: it is loaded when the sample of the scene is no longer needed.
  const { spectraChart } = await import('../report/spectra-chart.js');
  const drawing = new TextEncoder().encode(await spectraChart(set, { background: 'white' }));
  control.signal.throwIfAborted();
  await writeFiles(
    [...spectralLibraryFiles(paths.csv, library), ...spectralLibraryFiles(paths.sli, library), [paths.svg, drawing]],
    { overwrite: replace },
  );
  return { paths, names, bands: bands.length, candidates: facts.candidates, method: endmemberMethod };
}

export async function handler(args: Arguments): Promise<void> {
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({ verbose: args.verbose, http: httpOptions(args) });
  try {
    const { paths, names, bands, candidates, method } = await write(args, control);
    const files = Object.values(paths);
    printResult(args.json, { files, count: names.length, endmembers: names, bands, candidates, method }, () =>
      formatFacts([
        ['endmembers', `${names.length}: ${names.join(', ')}`],
        ['bands', String(bands)],
        ['found by', method],
        ['written', files.join('\n')],
      ]),
    );
  } finally {
    control.release();
  }
}
