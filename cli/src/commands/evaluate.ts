import type { Argv } from 'yargs';
import { UsageError } from '../support/errors.js';
import { nameList, requiredText, text, wholeNumber, withCommon } from '../support/options.js';
import { formatTable, printResult } from '../support/output.js';
import { httpOptions, isMat, openOptions, withSceneOptions } from '../support/scene-options.js';
import { modelFile } from '../support/zoo.js';

export const command = 'evaluate <map>';
export const describe = 'Compare a map of abundances with a reference';

const DEFAULT_PIXELS = 250_000;

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      yargs
        .positional('map', { type: 'string', demandOption: true, describe: 'Map made by egunet infer' })
        .usage(
          '$0 evaluate MAP.tif --reference TRUTH\n\nErrors of the abundances; with --scene and --reference-endmembers also spectral angles; with --scene and --model (or --endmembers) NNLS on the same endmembers beside them. Endmembers are matched to the reference by the Hungarian method.',
        )
        .option(
          'reference',
          requiredText('reference', 'Reference map of abundances (one band a material) or .mat file', 'r'),
        )
        .option('scene', text('scene', 'The scene that was unmixed'))
        .option('model', text('model', 'The model that made the map', 'm'))
        .option(
          'endmembers',
          text('endmembers', "Spectral library (or .mat) with the map's endmembers, by name or in its order"),
        )
        .option(
          'reference-endmembers',
          text(
            'reference-endmembers',
            "Spectral library (or .mat) with the reference's spectra, by name or in its order",
          ),
        )
        .option('names', nameList('names', 'Names of the reference materials: tree,water,dirt,road'))
        .option('reference-variable', text('reference-variable', '.mat: matrix [materials, pixels] [default: A]'))
        .option('endmember-variable', text('endmember-variable', '.mat: matrix [bands, materials] [default: M]'))
        .option(
          'max-pixels',
          wholeNumber('max-pixels', {
            describe: `Pixels compared at most, evenly taken [default: ${DEFAULT_PIXELS}]`,
            least: 1,
          }),
        )
        .group(['reference', 'reference-endmembers', 'names', 'reference-variable', 'endmember-variable'], 'Reference:')
        .group(['scene', 'model', 'endmembers', 'max-pixels'], 'Map:')
        .example('$0 evaluate abundances.tif --reference truth.tif', 'abundances only')
        .example(
          '$0 evaluate a.tif -r truth.tif --scene s.tif -m model.onnx --reference-endmembers truth.csv',
          'with spectral angles and NNLS',
        ),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** Options that say something of the scene, or are compared with it. */
const SCENE_OPTIONS = [
  'model',
  'endmembers',
  'reference-endmembers',
  'reflectance-scale',
  'variable',
  'rows',
  'cols',
  'no-orthorectify',
] as const satisfies (keyof Arguments)[];

/** A matrix is named in a .mat file only. */
function assertMatrixOptions(args: Arguments): void {
  if (args['reference-variable'] !== undefined && !isMat(args.reference))
    throw new UsageError('--reference-variable names a matrix of a .mat file, which --reference is not');
  if (args['endmember-variable'] !== undefined && ![args.endmembers, args['reference-endmembers']].some(isMat))
    throw new UsageError(
      '--endmember-variable names a matrix of a .mat file: give --endmembers or --reference-endmembers one',
    );
}

function requestOf(args: Arguments) {
  const { map, reference, scene, model, endmembers, names } = args;
  const referenceEndmembers = args['reference-endmembers'];
  const given = SCENE_OPTIONS.find((name) => args[name] !== undefined);
  if (given && scene === undefined) throw new UsageError(`--${given} needs --scene, the scene that was unmixed`);
  assertMatrixOptions(args);
  if (model !== undefined && endmembers !== undefined)
    throw new UsageError('--model knows its endmembers; leave --endmembers out');
  return {
    map,
    reference,
    referenceVariable: args['reference-variable'] ?? 'A',
    endmemberVariable: args['endmember-variable'] ?? 'M',
    maxPixels: args['max-pixels'] ?? DEFAULT_PIXELS,
    ...(names === undefined ? {} : { names }),
    ...(scene === undefined ? {} : { scene: { path: scene, open: openOptions(args) } }),
    ...(model === undefined ? {} : { model: modelFile(model) }),
    ...(endmembers === undefined ? {} : { endmembers }),
    ...(referenceEndmembers === undefined ? {} : { referenceEndmembers }),
  };
}

export async function handler(args: Arguments): Promise<void> {
  const request = requestOf(args);
  const [{ evaluateMap }, { figureTables }, { takeControl }] = await Promise.all([
    import('../pipeline/evaluate-map.js'),
    import('../support/figures.js'),
    import('../support/control.js'),
  ]);
  const control = takeControl({ verbose: args.verbose, http: httpOptions(args) });
  const result = await evaluateMap(request, control).finally(() => control.release());
  printResult(args.json, result, () => {
    const { overall, materials, definitions } = figureTables(result, result.endmembers);
    const model = result.precision ? `; model in ${result.precision}` : '';
    const step = result.step > 1 ? `, one pixel in ${result.step}` : '';
    return [
      `${result.pixels} pixels compared, ${result.skippedPixels} without data or reference${step}; matched by ${result.matching}${model}`,
      formatTable(overall),
      formatTable(materials),
      definitions.map(({ term, definition }) => `${term}: ${definition}`).join('\n'),
    ].join('\n\n');
  });
}
