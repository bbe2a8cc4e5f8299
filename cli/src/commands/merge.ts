import type { Argv } from 'yargs';
import { mapFacts, warnOfMap } from '../support/map-words.js';
import { overwrite, withCommon } from '../support/options.js';
import { formatFacts, formatSeconds, printResult } from '../support/output.js';
import { httpOptions, withHttpOptions } from '../support/scene-options.js';

export const command = 'merge <map>';
export const describe = 'Make a map of the parts that infer --shard unmixed';

export const builder = (yargs: Argv) =>
  withCommon(
    withHttpOptions(yargs)
      .positional('map', { type: 'string', demandOption: true, describe: 'Map that the parts are of: infer -o' })
      .usage(
        '$0 merge MAP\n\nMakes the map when all of its parts are finished, and removes them; parts that are missing or not finished are named. By a model that looks at single pixels it is the map that one process would have made, byte for byte. The scene and the model must lie where the parts found them. Stopped or killed, the same command goes on.',
      )
      .option('overwrite', overwrite)
      .group(['overwrite'], 'Map:')
      .example('$0 merge abundances.tif', 'of infer scene.tif -m model.onnx -o abundances.tif --shard 1/2 and 2/2'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const [{ mergeMap }, { takeControl }] = await Promise.all([
    import('../pipeline/unmix-scene.js'),
    import('../support/control.js'),
  ]);
  const control = takeControl({ verbose: args.verbose, leaves: 'what is gathered is kept', http: httpOptions(args) });
  try {
    const result = await mergeMap(args.map, args.overwrite, control);
    if (!result) {
      printResult(args.json, { output: args.map, complete: true }, () =>
        formatFacts([['map', `${args.map}: was complete; what was left of its parts is removed`]]),
      );
      return;
    }
    warnOfMap(result);
    printResult(args.json, result, () => formatFacts(mapFacts(result, result.model, formatSeconds(result.seconds))));
  } finally {
    control.release();
  }
}
