import { statSync } from 'node:fs';
import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';

export const command = 'models [path..]';
export const describe = 'List the models that come with the program, and others';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('path', { type: 'string', array: true, describe: 'Models (.onnx) of your own, listed too' })
      .usage(
        '$0 models [MODEL.onnx...]\n\nLists models with what they take and give: those of the zoo, which --model zoo:NAME unmixes with, and those that are named. Scores are those of its card; egunet info prints it with their definitions.',
      )
      .example('$0 models', 'the zoo')
      .example('$0 info zoo:enmap-cover', 'the card of one')
      .example('$0 infer ENMAP01-____L2A-DT0000001049 -m zoo:enmap-cover -o cover.tif', 'a land-cover map'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const [{ readModelCard }, { modelFile, zooNames }, { bandWords, precisionWords, scoreWords }] = await Promise.all([
    import('../pipeline/model-card.js'),
    import('../support/zoo.js'),
    import('../support/describe-model.js'),
  ]);
  const names = [...zooNames().map((name) => `zoo:${name}`), ...(args.path ?? [])];
  const models = await Promise.all(
    names.map(async (name) => {
      const file = modelFile(name);
      return { name, card: await readModelCard(file), bytes: statSync(file).size };
    }),
  );
  printResult(
    args.json,
    models.map(({ name, card, bytes }) => ({
      ...{ name, bytes, sensor: card.sensor, bands: card.bands.length },
      ...{ endmembers: card.endmembers.map((endmember) => endmember.name), precision: precisionWords(card) },
      metrics: card.metrics,
    })),
    () =>
      models
        .map(({ name, card, bytes }) =>
          formatFacts([
            ['model', `${name}, ${Math.round(bytes / 1000)} kB`],
            ['takes', `${card.sensor ?? 'a sensor not named'}: ${bandWords(card.bands)}`],
            ['gives', card.endmembers.map((endmember) => endmember.name).join(', ')],
            ['precision', precisionWords(card)],
            ['scores', scoreWords(card)],
          ]),
        )
        .join('\n\n'),
  );
}
