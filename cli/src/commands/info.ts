import { readFile } from 'node:fs/promises';
import { publicPath } from '@egunet/raster/url';
import type { Argv } from 'yargs';
import type { Control } from '../support/control.js';
import { isRun } from '../support/is-run.js';
import { withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';
import { httpOptions, openOptions, type SceneArguments, withSceneOptions } from '../support/scene-options.js';
import { modelFile } from '../support/zoo.js';

export const command = 'info <path..>';
export const describe = 'Say what is in scenes, spectral libraries, models and training runs';

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      yargs
        .positional('path', {
          type: 'string',
          demandOption: true,
          describe: 'Scenes, spectral libraries (.csv, .sli), models (.onnx), folders of runs',
        })
        .usage(
          '$0 info PATH...\n\nFormat, size, bands, NoData and place of a scene; spectra and wavelengths of a library; the card of a model; state, settings and loss of a run.',
        )
        .example('$0 info ENMAP01-____L2A-DT0000001049', 'an unpacked EnMAP product')
        .example('$0 info delivery.tar.gz https://host/scene.tif', 'an archive, and a scene on a web server')
        .example('$0 info scene.hdr soils.csv model.onnx', 'several at once')
        .example("$0 info scene.tif --json | jq '.[0].bands[].wavelength'", 'wavelengths for a script'),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

interface Description {
  /** For `--json`. */
  readonly json: object;
  readonly facts: readonly (readonly [string, string | undefined])[];
}

async function describeModelFile(path: string): Promise<Description> {
  const [{ readModelCard }, { modelFacts }] = await Promise.all([
    import('../pipeline/model-card.js'),
    import('../support/describe-model.js'),
  ]);
  const card = await readModelCard(path);
  return { json: { kind: 'model', path, card }, facts: [['model', path], ...modelFacts(card)] };
}

async function describeRun(path: string): Promise<Description> {
  const [{ loadRun }, { runFacts }] = await Promise.all([
    import('@egunet/train'),
    import('../support/describe-run.js'),
  ]);
  const { checkpoint, request } = await loadRun(path);
  const { settings, epoch, history, facts } = checkpoint;
  const finished = epoch >= settings.epochs;
  return {
    json: { kind: 'run', path, finished, epoch, settings, lastLosses: history.at(-1) ?? null, facts, request },
    facts: runFacts(path, checkpoint),
  };
}

async function describeLibraryAt(path: string, args: SceneArguments): Promise<Description> {
  const [{ readSpectralLibrary }, { describeLibrary, libraryFacts }] = await Promise.all([
    import('@egunet/raster/node'),
    import('../support/describe-library.js'),
  ]);
  const json = describeLibrary(path, await readSpectralLibrary(path, openOptions(args)));
  return { json, facts: libraryFacts(json) };
}

async function describeSceneAt(path: string, args: SceneArguments, control: Control): Promise<Description> {
  const [{ openScene }, { describeScene, sceneFacts }, { sceneAccess }] = await Promise.all([
    import('@egunet/raster/node'),
    import('../support/describe-scene.js'),
    import('../support/control.js'),
  ]);
  const scene = await openScene(path, openOptions(args), sceneAccess(control));
  try {
    const json = describeScene(publicPath(path), scene);
    return { json, facts: sceneFacts(json) };
  } finally {
    await scene.close();
  }
}

/** CSV, or ENVI by the name of its data or by what its header says it is. */
async function isLibrary(path: string): Promise<boolean> {
  if (/\.(csv|sli|sli\.hdr)$/i.test(path)) return true;
  if (!/\.hdr$/i.test(path)) return false;
  const header = await readFile(path, 'latin1').catch(() => '');
  return /^\s*file type\s*=\s*envi spectral library/im.test(header);
}

async function describeAt(path: string, args: SceneArguments, control: Control): Promise<Description> {
  const model = modelFile(path);
  if (/\.onnx$/i.test(model)) return describeModelFile(model);
  if (await isRun(path)) return describeRun(path);
  return (await isLibrary(path)) ? describeLibraryAt(path, args) : describeSceneAt(path, args, control);
}

export async function handler(args: Arguments): Promise<void> {
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({ verbose: args.verbose, http: httpOptions(args) });
  const descriptions: Description[] = [];
  try {
    for (const path of args.path) descriptions.push(await describeAt(path, args, control));
  } finally {
    control.release();
  }
  printResult(
    args.json,
    descriptions.map(({ json }) => json),
    () => descriptions.map(({ facts }) => formatFacts(facts)).join('\n\n'),
  );
}
