import type { Argv } from 'yargs';
import { UsageError } from '../support/errors.js';
import { overwrite, requiredText, withCommon } from '../support/options.js';
import { formatFacts, note, printResult, shellCommand } from '../support/output.js';

export const command = 'export <run>';
export const describe = 'Export the abundance head of a training run to ONNX';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder made by egunet train' })
      .usage(
        '$0 export RUN -o MODEL.onnx\n\nWrites a self-contained ONNX model (scaling, batch-norm and softmax inside, model card in its metadata) and MODEL.json, a STAC item. Needs nothing but the run. Fails, and writes nothing, unless ONNX Runtime agrees with the trained network within 1e-5 on real pixels of the training scene, which the run holds.',
      )
      .option('o', requiredText('o', 'Model to write, *.onnx'))
      .option('overwrite', overwrite)
      .example('$0 export run -o model.onnx', 'model.onnx and model.json'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** Where the STAC item of a model goes. */
const sidecarOf = (model: string): string => model.replace(/\.onnx$/i, '.json');

export async function handler(args: Arguments): Promise<void> {
  if (!/\.onnx$/i.test(args.o)) throw new UsageError(`-o: expected a name that ends in .onnx, got '${args.o}'`);
  const { assertWritable } = await import('../support/files.js');
  for (const path of [args.o, sidecarOf(args.o)]) await assertWritable(path, { overwrite: args.overwrite });
  const [{ exportModel }, { loadRun }] = await Promise.all([
    import('../pipeline/export-model.js'),
    import('@egunet/train'),
  ]);
  const { checkpoint } = await loadRun(args.run);
  const { epoch, settings } = checkpoint;
  if (epoch < settings.epochs) note(`${args.run}: only ${epoch} of ${settings.epochs} epochs are trained`);
  const { o: model } = args;
  const sidecar = sidecarOf(model);
  const { bytes, card, maxDifference, probePixels } = await exportModel(checkpoint, { model, sidecar });
  const { bands, endmembers } = card;
  printResult(args.json, { model, sidecar, bytes: bytes.length, maxDifference, probePixels, card }, () =>
    formatFacts([
      ['model', `${model}, ${bytes.length} bytes`],
      ['sidecar', `${sidecar} (STAC item, MLM 1.5)`],
      ['takes', `${bands.length} bands${card.sensor ? ` of ${card.sensor}` : ''}`],
      ['gives', `abundances of ${endmembers.map(({ name }) => name).join(', ')}`],
      ['checked', `within ${maxDifference.toExponential(1)} of the trained network on ${probePixels} pixels`],
      ['next', shellCommand('egunet', 'infer', 'SCENE', '--model', model, '-o', 'abundances.tif')],
    ]),
  );
}
