import type { Argv } from 'yargs';
import { placeOf, withDeviceOptions } from '../support/device-options.js';
import { UsageError } from '../support/errors.js';
import { mapRequest, modelOption, withMapOptions } from '../support/map-options.js';
import { mapFacts, speedWords, warnOfMap } from '../support/map-words.js';
import { named, oneOf, overwrite, requiredText, wholeNumber, withCommon, workers } from '../support/options.js';
import { type OptionOf, outlineOf } from '../support/outline.js';
import { formatFacts, printResult } from '../support/output.js';
import { withPixelOptions } from '../support/pixel-options.js';
import { recordedCommand } from '../support/recorded-command.js';
import { listOption, sceneNames } from '../support/scene-names.js';
import { httpOptions, scenePositional, withSceneOptions } from '../support/scene-options.js';
import { shardFacts, shardOption } from '../support/shard-words.js';
import { modelFile } from '../support/zoo.js';

export const command = 'infer [scene..]';
export const describe = 'Unmix a scene, or several into one map, with a model: abundances';

const overlaps = ['last', 'quality'] as const;
const scenesPositional = {
  ...scenePositional,
  array: true as const,
  describe: `${scenePositional.describe}; several: the last one on top; or a .vrt made by gdalbuildvrt`,
};

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      withDeviceOptions(
        withPixelOptions(
          withMapOptions(
            yargs
              .positional('scene', scenesPositional)
              .usage(
                '$0 infer SCENE... --model MODEL.onnx -o MAP.tif\n\nWrites abundances as a cloud-optimised GeoTIFF, a Zarr store or an ENVI image, one band an endmember (of an ensemble then one for the spread of each), NoData where the scene has none. Bands are matched by wavelength, within half a FWHM. Several scenes of one reference system and pixel size, whole pixels apart, become one map. Some 10,000 pixels are compared with those that the model was trained on: the summary says how many look unlike them, a warning where it is more than a quarter. Stopped or killed, the same command goes on from the finished tiles.',
              )
              .option('list', listOption)
              .option('overlap', {
                ...oneOf(
                  'overlap',
                  overlaps,
                  'Of several scenes with data in a pixel: the last one, or the one of least reconstruction RMSE [default: last]',
                ),
                default: 'last' as const,
              })
              .option('model', modelOption)
              .option('o', named(requiredText('o', 'Map to write: .tif, .zarr, or .img, .bsq, .bil or .bip'))),
          )
            .option('tile', {
              ...wholeNumber('tile', {
                describe: 'Largest tile in pixels a side [default: about 256, or a block of the scene]',
                least: 1,
              }),
              recorded: 'never',
            } as const satisfies OptionOf)
            .option('workers', workers)
            .option('shard', shardOption)
            .option('overwrite', overwrite)
            .group(['o', 'format', 'dtype', 'no-spread', 'quality', 'overwrite'], 'Map:')
            .group(['model', 'resample'], 'Model:')
            .group(['list', 'overlap'], 'Several scenes:')
            .group(['shard'], 'Several machines:')
            .example('$0 infer ENMAP01-____L2A-DT0000001049 --model model.onnx -o abundances.tif', 'a product')
            .example(
              '$0 infer dims_op_oc_oc-en_701293165_1.tar.gz -m model.onnx -o abundances.tif',
              'a delivery as downloaded',
            )
            .example('$0 infer ENMAP01-____L2A-DT0000001049 -m zoo:enmap-cover -o cover.tif', 'land cover, no training')
            .example('$0 infer https://host/scene.tif -m model.onnx -o abundances.tif', 'a GeoTIFF on a web server')
            .example('$0 infer north.tif south.tif -m model.onnx -o abundances.tif', 'two scenes in one map')
            .example(
              '$0 infer other-sensor.hdr --model model.onnx --resample -o abundances.tif',
              'bands that do not match',
            )
            .example(
              '$0 infer scene.tif -m model.onnx -o abundances.tif --mask clouds.tif --aoi park.geojson',
              'a part of it',
            )
            .example(
              '$0 infer scene.tif -m model.onnx -o abundances.tif --shard 3/16',
              'one of sixteen parts, for egunet merge abundances.tif',
            )
            .example(
              "$0 infer scene.tif -m model.onnx -o a.tif --json | jq '.endmembers'",
              'mean abundances for a script',
            ),
        ),
      ),
    )
      .group(['on-error'], 'Reading the scene:')
      .group(['device', 'device-id', 'workers', 'tile'], 'Machine:'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const [{ mapFormatOf }, { unmixScene, unmixShard }, { takeControl }] = await Promise.all([
    import('@egunet/raster/node'),
    import('../pipeline/unmix-scene.js'),
    import('../support/control.js'),
  ]);
  const { o, tile, workers, overlap, shard } = args;
  const model = modelFile(args.model);
  const scene = sceneNames(args);
  if (Array.isArray(scene) && scene.length === 0)
    throw new UsageError(`infer needs SCENE (${scenesPositional.describe}), or --list`);
  const content = await mapRequest({ ...args, model });
  const outline = outlineOf({ command, describe, builder });
  const format = usage(() => mapFormatOf(o, args.format));
  const control = takeControl({ verbose: args.verbose, leaves: 'finished tiles are kept', http: httpOptions(args) });
  try {
    const request = {
      ...content,
      scene,
      overlap,
      output: o,
      format,
      command: recordedCommand(outline, { ...args, mask: content.masks?.map(({ name }) => name) }),
      overwrite: args.overwrite,
      ...(tile === undefined ? {} : { tile: { rows: tile, cols: tile } }),
      ...(await placeOf(model, args)),
      ...(workers === undefined ? {} : { workers }),
    };
    if (shard) {
      const result = await unmixShard(request, shard, control);
      printResult(args.json, result, () => formatFacts(shardFacts(result)));
      return;
    }
    const result = await unmixScene(request, control);
    warnOfMap(result);
    printResult(args.json, result, () => formatFacts(mapFacts(result, args.model, speedWords(result))));
  } finally {
    control.release();
  }
}

/** What `read` returns; what it refuses is wrong usage. */
function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`-o and --format: ${(error as Error).message}`);
  }
}
