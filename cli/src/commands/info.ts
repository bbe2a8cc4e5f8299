import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';
import { openOptions, type SceneArguments, withSceneOptions } from '../support/scene-options.js';

export const command = 'info <path..>';
export const describe = 'Say what is in scenes, models and training runs';

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      yargs
        .positional('path', {
          type: 'string',
          demandOption: true,
          describe: 'Scenes, .onnx models, run folders',
        })
        .usage(
          '$0 info PATH...\n\nFormat, size, bands, NoData and place of a scene; the card of a model; the state of a run.',
        )
        .example('$0 info ENMAP01-____L2A-DT0000001049', 'an unpacked EnMAP product')
        .example('$0 info scene.hdr model.onnx', 'several at once')
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
  const { loadRun } = await import('@egunet/train');
  const { checkpoint, request } = await loadRun(path);
  const { settings, epoch, history, facts } = checkpoint;
  const last = history.at(-1);
  const finished = epoch >= settings.epochs;
  return {
    json: { kind: 'run', path, finished, epoch, settings, lastLosses: last ?? null, facts, request },
    facts: [
      ['run', path],
      [
        'state',
        `${epoch} of ${settings.epochs} epochs${finished ? '' : `; continue with egunet train -o ${path} --resume`}`,
      ],
      [
        'last loss',
        last &&
          `${last.total.toPrecision(4)} (cross-entropy ${last.crossEntropy.toPrecision(4)}, reconstruction ${last.reconstruction.toPrecision(4)})`,
      ],
      ['scene', `${facts.scene.name}, ${facts.scene.rows} x ${facts.scene.cols}, ${facts.bands.length} bands used`],
      ['endmembers', `${facts.endmembers.length}: ${facts.endmembers.map(({ name }) => name).join(', ')}`],
      ['training data', `${facts.pixels} pixels, ${facts.candidates} candidates`],
      [
        'settings',
        Object.entries(settings)
          .map(([key, value]) => `${key} ${value}`)
          .join(', '),
      ],
    ],
  };
}

async function describeSceneAt(path: string, args: SceneArguments): Promise<Description> {
  const [{ openScene }, { describeScene, sceneFacts }] = await Promise.all([
    import('@egunet/raster/node'),
    import('../support/describe-scene.js'),
  ]);
  const scene = await openScene(path, openOptions(args));
  try {
    const json = describeScene(path, scene);
    return { json, facts: sceneFacts(json) };
  } finally {
    await scene.close();
  }
}

async function isRun(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return false;
  const manifest = await readFile(join(path, 'manifest.json'), 'utf8').catch(() => '');
  return manifest.includes('egunet-run');
}

export async function handler(args: Arguments): Promise<void> {
  const descriptions: Description[] = [];
  for (const path of args.path) {
    if (/\.onnx$/i.test(path)) descriptions.push(await describeModelFile(path));
    else if (await isRun(path)) descriptions.push(await describeRun(path));
    else descriptions.push(await describeSceneAt(path, args));
  }
  printResult(
    args.json,
    descriptions.map(({ json }) => json),
    () => descriptions.map(({ facts }) => formatFacts(facts)).join('\n\n'),
  );
}
