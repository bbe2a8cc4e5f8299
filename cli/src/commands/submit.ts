import type { Argv } from 'yargs';
import { CommandError, UsageError } from '../support/errors.js';
import { mapRequest, modelOption, withMapOptions } from '../support/map-options.js';
import { named, requiredText, wholeNumber, withCommon } from '../support/options.js';
import { outlineOf } from '../support/outline.js';
import { formatFacts, printResult } from '../support/output.js';
import { withPixelOptions } from '../support/pixel-options.js';
import { openPlace, queueOption } from '../support/queue-options.js';
import { recordedCommand } from '../support/recorded-command.js';
import { listOption, sceneNames } from '../support/scene-names.js';
import { scenePositional, withSceneOptions } from '../support/scene-options.js';
import { modelFile } from '../support/zoo.js';

export const command = 'submit [scene..]';
export const describe = 'Ask for the maps of many scenes, by a queue that workers take them from';

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      withPixelOptions(
        withMapOptions(yargs.option('model', modelOption))
          .positional('scene', {
            ...scenePositional,
            array: true,
            describe: `${scenePositional.describe}; folders are searched`,
          })
          .usage(
            '$0 submit SCENE... --model MODEL.onnx --output FOLDER --queue redis://HOST:PORT\n\nPuts a job for each scene into a queue of Redis or Valkey, for egunet worker on any number of machines that find scenes, model and folder under the same paths. Maps that are there already, or asked for already, are left out: the same command again asks for the rest. A map of many tiles is made in parts, by several workers.',
          )
          .option('list', listOption)
          .option(
            'output',
            named(requiredText('output', 'Folder for the maps, which have the names of the scenes', 'o')),
          )
          .option('queue', queueOption)
          .option(
            'priority',
            wholeNumber('priority', {
              describe: 'Jobs with a lower number come first; those without one before all [default: none]',
              least: 1,
              most: 2_000_000,
            }),
          )
          .option(
            'parts',
            wholeNumber('parts', {
              describe:
                'Parts that each map is made in, a job each [default: one for 16 of its tiles of 512 x 512 pixels]',
              least: 1,
              most: 9999,
            }),
          )
          .group(['output', 'format', 'dtype', 'no-spread', 'quality'], 'Maps:')
          .group(['model', 'resample'], 'Model:')
          .group(['list'], 'Scenes:')
          .group(['queue', 'priority', 'parts'], 'Queue:')
          .example(
            '$0 submit archive -m zoo:enmap-cover -o maps --queue redis://head:6379',
            'every scene below a folder',
          )
          .example('$0 submit --list scenes.txt -m model.onnx -o maps --mask cloud', 'a list, EGUNET_QUEUE'),
      ),
    ).group(['on-error'], 'Reading the scene:'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const names = sceneNames(args);
  if (Array.isArray(names) && names.length === 0) throw new UsageError('submit needs SCENE, or --list');
  const content = await mapRequest({ ...args, model: modelFile(args.model) });
  const [{ findScenes }, { submit }, { mkdir }, place] = await Promise.all([
    import('../pipeline/scenes/find-scenes.js'),
    import('../queue/submit.js'),
    import('node:fs/promises'),
    openPlace(args.queue),
  ]);
  const scenes = await findScenes(names);
  await mkdir(args.output, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${args.output}: cannot be made (${error.code}); choose another folder`);
  });
  const { format = 'cog', output: folder, priority = 0, parts } = args;
  const outline = outlineOf(await import('./infer.js'));
  // As `egunet infer` has it, so that the map is the same wherever it is made.
  const commandOf = (scene: string, o: string) =>
    recordedCommand(outline, { ...args, scene: [scene], o, mask: content.masks?.map(({ name }) => name) });
  const result = await submit(scenes, content, { place, folder, format, priority, parts, commandOf });
  printResult(args.json, { queue: place.shown, ...result }, () =>
    formatFacts([
      ['queue', place.shown],
      ['asked for', `${result.queued.length} maps`],
      ['there already', result.done.length > 0 ? `${result.done.length} maps` : undefined],
      ['asked before', result.known.length > 0 ? `${result.known.length} maps` : undefined],
      [
        'failed before',
        result.failed.length > 0
          ? `${result.failed.length} maps: egunet status says why, egunet retry asks again`
          : undefined,
      ],
      ['next', 'egunet worker on each machine, egunet status'],
    ]),
  );
}
