// What a map is to hold, by which model: options that unmixing takes on this machine and by a queue.
import type { Argv } from 'yargs';
import type { UnmixOptions } from '../pipeline/unmix-scene.js';
import { dtype, named, oneOf, requiredText } from './options.js';
import { type PixelArguments, pixelOptions } from './pixel-options.js';
import { openOptions, type SceneArguments } from './scene-options.js';

const formats = ['cog', 'zarr', 'envi'] as const;

/** Which model. */
export const modelOption = named(
  requiredText('model', 'Model made by egunet export, or zoo:NAME (egunet models)', 'm'),
);

/** Adds `--format`, `--dtype`, `--no-spread`, `--quality`, `--resample` and `--on-error`. */
export const withMapOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('format', oneOf('format', formats, "Of the map: GeoTIFF, Zarr 3 or ENVI [default: by the map's name]"))
    .option('dtype', dtype)
    .option('no-spread', {
      type: 'boolean',
      default: false,
      describe:
        'Of an ensemble (egunet train --ensemble): leave out the bands behind its abundances that say how far its networks disagree, the standard deviation of each abundance: no error bar, errors are larger',
    })
    .option('quality', {
      type: 'boolean',
      default: false,
      describe:
        "Two more bands: RMSE of each spectrum's reconstruction from the model's endmembers (reflectance), and their spectral angle (radians)",
    })
    .option('resample', {
      type: 'boolean',
      default: false,
      describe: "Interpolate spectra to the model's wavelengths, for scenes of another sensor",
    })
    .option('on-error', {
      choices: ['fail', 'nodata'] as const,
      default: 'fail' as const,
      describe: 'Where a block of the scene is damaged: stop and name it, or leave its pixels NoData and list it',
    });

interface MapArguments extends PixelArguments, SceneArguments {
  readonly model: string;
  readonly resample: boolean;
  readonly dtype: 'float32' | 'uint16' | 'uint8';
  readonly 'no-spread': boolean;
  readonly quality: boolean;
  readonly 'on-error': 'fail' | 'nodata';
}

/** What of a map's options decides about its content; `model` is the path of the file. */
export async function mapRequest(args: MapArguments): Promise<Omit<UnmixOptions, 'scene' | 'output'>> {
  return {
    model: args.model,
    open: openOptions(args),
    resample: args.resample,
    sampleType: args.dtype,
    spread: !args['no-spread'],
    quality: args.quality,
    ...(await pixelOptions(args)),
    onError: args['on-error'],
  };
}
