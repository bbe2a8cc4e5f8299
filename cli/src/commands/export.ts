import type { ExactMethod, Precision } from '@egunet/models/card';
import type { Argv } from 'yargs';
import type { ExportOptions, ExportResult, ModelFiles } from '../pipeline/export-model.js';
import type { EndmemberRequest } from '../pipeline/given-endmembers.js';
import { ENDMEMBER_OPTIONS, endmemberRequest, withEndmemberOptions } from '../support/endmember-options.js';
import { UsageError } from '../support/errors.js';
import { oneOf, overwrite, realNumber, requiredText, withCommon } from '../support/options.js';
import { formatFacts, note, printResult, shellCommand } from '../support/output.js';

export const command = 'export [run]';
export const describe = 'Export the abundance head of a training run, or exact least squares, to ONNX';

const HEADS = ['network', 'nnls', 'fcls'] as const satisfies readonly ('network' | ExactMethod)[];
const PRECISIONS = ['float32', 'float16', 'int8'] as const satisfies readonly Precision[];

export const builder = (yargs: Argv) =>
  withCommon(
    withEndmemberOptions(
      yargs
        .positional('run', { type: 'string', describe: 'Folder made by egunet train' })
        .usage(
          '$0 export RUN -o MODEL.onnx\n\nWrites a self-contained ONNX model (scaling, batch-norm and softmax inside, model card in its metadata) and MODEL.json, a STAC item. Needs nothing but the run. Fails, and writes nothing, unless ONNX Runtime agrees with the trained network within 1e-5 on real pixels of the training scene, which the run holds; in less than float32, unless its abundances stay within the limits on such pixels. With --endmembers no run is needed: least squares with the spectra of a library.',
        )
        .option('o', requiredText('o', 'Model to write, *.onnx'))
        .option('head', {
          ...oneOf(
            'head',
            HEADS,
            'The trained network, or in its place non-negative (nnls) or fully constrained (fcls) least squares on its endmembers, up to 8, solved exactly',
          ),
          default: 'network' as const,
        })
        .option('precision', {
          ...oneOf('precision', PRECISIONS, 'Numbers in the file: int8 runs faster, float16 only halves the file'),
          default: 'float32' as const,
        })
        .option(
          'max-mean-error',
          realNumber('max-mean-error', {
            describe: 'Mean difference of abundances from float32 at most [default: 0.005]',
            least: 0,
          }),
        )
        .option(
          'max-error',
          realNumber('max-error', {
            describe: 'Difference of any abundance from float32 at most [default: 0.05]',
            least: 0,
          }),
        )
        .option('overwrite', overwrite)
        .group(['o', 'head', 'overwrite'], 'Model:')
        .group(['precision', 'max-mean-error', 'max-error'], 'Precision:')
        .example('$0 export run -o model.onnx', 'model.onnx and model.json')
        .example('$0 export run -o fast.onnx --precision int8', 'two to three times as fast')
        .example('$0 export run -o nnls.onnx --head nnls', 'no network: least squares')
        .example(
          '$0 export --endmembers soils.csv --sensor enmap --head fcls -o soils.onnx',
          'no run: least squares with these spectra',
        ),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** Where the STAC item of a model goes. */
const sidecarOf = (model: string): string => model.replace(/\.onnx$/i, '.json');

const LIMITS = ['max-mean-error', 'max-error'] as const;

/** What `exportModel` takes of the arguments. */
function headOptions(args: Arguments): ExportOptions {
  const { head, precision, 'max-mean-error': maxMeanError, 'max-error': maxError } = args;
  const given = LIMITS.find((name) => args[name] !== undefined);
  if (head !== 'network' && precision !== 'float32')
    throw new UsageError(`--precision ${precision} is of the network; leave it out with --head ${head}`);
  if (precision === 'float32' && given)
    throw new UsageError(`--${given} limits what less than float32 costs; give --precision int8 or float16 with it`);
  return {
    precision,
    ...(head !== 'network' && { exact: head }),
    ...(maxMeanError === undefined ? {} : { maxMeanError }),
    ...(maxError === undefined ? {} : { maxError }),
  };
}

/** What is exported, and what to say of it. */
interface Exported extends ExportResult {
  /** What the model was compared with. */
  readonly against: string;
}

async function exportRun(run: string, files: ModelFiles, options: ExportOptions): Promise<Exported> {
  const [{ exportModel }, { loadRun }, { withCommand }] = await Promise.all([
    import('../pipeline/export-model.js'),
    import('@egunet/train'),
    import('../pipeline/train-command.js'),
  ]);
  const saved = await loadRun(run);
  const checkpoint = withCommand(run, saved);
  const { epoch, settings } = checkpoint;
  if (!options.exact && epoch < settings.epochs) note(`${run}: only ${epoch} of ${settings.epochs} epochs are trained`);
  return {
    ...(await exportModel(checkpoint, files, options)),
    against: options.exact ? SOLVER : 'the trained network',
  };
}

const SOLVER = 'the solver in float64';

async function exportEndmembers(request: EndmemberRequest, files: ModelFiles, method: ExactMethod): Promise<Exported> {
  const [{ exportGiven }, { readEndmembers }] = await Promise.all([
    import('../pipeline/export-model.js'),
    import('../pipeline/given-endmembers.js'),
  ]);
  return { ...(await exportGiven(await readEndmembers(request), files, method)), against: SOLVER };
}

/** What to do, of a run or of given endmembers. Throws UsageError where it is not said which. */
function workOf(args: Arguments): (files: ModelFiles) => Promise<Exported> {
  const { run, endmembers } = args;
  const options = headOptions(args);
  const { exact } = options;
  const given = ENDMEMBER_OPTIONS.find((name) => args[name] !== undefined);
  if (endmembers === undefined && given)
    throw new UsageError(`--${given} is about given endmembers; give --endmembers with it`);
  if (run !== undefined && endmembers !== undefined)
    throw new UsageError('--endmembers: a run has endmembers of its own; leave one of them out');
  if (run !== undefined) return (files) => exportRun(run, files, options);
  if (endmembers === undefined)
    throw new UsageError('which run? Name the folder made by egunet train, or spectra (--endmembers)');
  if (!exact)
    throw new UsageError('--endmembers: without a run there is no network; give --head nnls or --head fcls with it');
  return (files) => exportEndmembers(endmemberRequest(endmembers, args), files, exact);
}

export async function handler(args: Arguments): Promise<void> {
  const { o: model } = args;
  if (!/\.onnx$/i.test(model)) throw new UsageError(`-o: expected a name that ends in .onnx, got '${model}'`);
  const work = workOf(args);
  const sidecar = sidecarOf(model);
  const { assertWritable } = await import('../support/files.js');
  for (const path of [model, sidecar]) await assertWritable(path, { overwrite: args.overwrite });
  const { bytes, card, maxDifference, probePixels, against } = await work({ model, sidecar });
  const [{ precisionWords }, { hasSpread }] = await Promise.all([
    import('../support/describe-model.js'),
    import('@egunet/models/card'),
  ]);
  const { bands, endmembers } = card;
  printResult(args.json, { model, sidecar, bytes: bytes.length, maxDifference, probePixels, card }, () =>
    formatFacts([
      ['model', `${model}, ${bytes.length} bytes`],
      ['sidecar', `${sidecar} (STAC item, MLM 1.5)`],
      ['takes', `${bands.length} bands${card.sensor ? ` of ${card.sensor}` : ''}`],
      [
        'gives',
        `abundances of ${endmembers.map(({ name }) => name).join(', ')}${hasSpread(card) ? ', and the spread of each' : ''}`,
      ],
      ['precision', precisionWords(card)],
      ['checked', `within ${maxDifference.toExponential(1)} of ${against} on ${probePixels} pixels`],
      ['next', shellCommand('egunet', 'infer', 'SCENE', '--model', model, '-o', 'abundances.tif')],
    ]),
  );
}
