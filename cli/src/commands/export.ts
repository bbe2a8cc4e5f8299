import type { Argv } from 'yargs';
import { UsageError } from '../support/errors.js';
import { overwrite, requiredText, text, withCommon } from '../support/options.js';
import { formatFacts, note, printResult } from '../support/output.js';
import { openOptions, withSceneOptions } from '../support/scene-options.js';

export const command = 'export <run>';
export const describe = 'Export the abundance head of a training run to ONNX';

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      yargs
        .positional('run', { type: 'string', demandOption: true, describe: 'Folder made by egunet train' })
        .usage(
          '$0 export RUN -o MODEL.onnx\n\nWrites a self-contained ONNX model (scaling, batch-norm and softmax inside, model card in its metadata) and MODEL.json, a STAC item. Fails, and writes nothing, unless ONNX Runtime agrees with the trained network within 1e-5 on real pixels of the training scene.',
        )
        .option('o', requiredText('o', 'Model to write, *.onnx'))
        .option('scene', text('scene', 'The training scene, where it has moved'))
        .option('overwrite', overwrite)
        .example('$0 export run -o model.onnx', 'model.onnx and model.json')
        .example('$0 export run --scene /data/moved/scene.tif -o model.onnx', 'the scene is elsewhere now'),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** Where the STAC item of a model goes. */
const sidecarOf = (model: string): string => model.replace(/\.onnx$/i, '.json');

export async function handler(args: Arguments): Promise<void> {
  if (!/\.onnx$/i.test(args.o)) throw new UsageError(`-o: expected a name that ends in .onnx, got '${args.o}'`);
  const { assertWritable } = await import('../support/files.js');
  for (const path of [args.o, sidecarOf(args.o)]) await assertWritable(path, { overwrite: args.overwrite });
  const [{ exportModel }, { openRun }, { takeControl }] = await Promise.all([
    import('../pipeline/export-model.js'),
    import('../pipeline/train-run.js'),
    import('../support/control.js'),
  ]);
  const run = await openRun(args.run);
  const { epoch, settings } = run.checkpoint;
  if (epoch < settings.epochs) note(`${args.run}: only ${epoch} of ${settings.epochs} epochs are trained`);
  const scene =
    args.scene === undefined
      ? {}
      : { scene: { path: args.scene, open: { ...run.request.open, ...openOptions(args) } } };
  const { o: model } = args;
  const sidecar = sidecarOf(model);
  const control = takeControl({ verbose: args.verbose });
  const exported = await exportModel(run, { model, sidecar, control, ...scene }).finally(() => control.release());
  const { bytes, card, maxDifference, probePixels } = exported;
  const { bands, endmembers } = card;
  printResult(args.json, { model, sidecar, bytes: bytes.length, maxDifference, probePixels, card }, () =>
    formatFacts([
      ['model', `${model}, ${bytes.length} bytes`],
      ['sidecar', `${sidecar} (STAC item, MLM 1.5)`],
      ['takes', `${bands.length} bands${card.sensor ? ` of ${card.sensor}` : ''}`],
      ['gives', `abundances of ${endmembers.map(({ name }) => name).join(', ')}`],
      ['checked', `within ${maxDifference.toExponential(1)} of the trained network on ${probePixels} pixels`],
      ['next', `egunet infer SCENE --model ${model} -o abundances.tif`],
    ]),
  );
}
