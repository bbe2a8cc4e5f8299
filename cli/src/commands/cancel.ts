import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { UsageError } from '../support/errors.js';
import { withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';
import { openPlace, queueOption } from '../support/queue-options.js';

export const command = 'cancel [map..]';
export const describe = 'Take maps out of the queue that no worker has in work';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('map', { type: 'string', array: true, describe: 'Maps that are meant, by their paths' })
      .usage(
        '$0 cancel MAP... --queue redis://HOST:PORT\\n\\nJobs of these maps, or --all, that wait or failed are taken out, with their parts. What a worker has in work stays, and is named; finished tiles stay beside the map.',
      )
      .option('queue', queueOption)
      .option('all', { type: 'boolean', default: false, describe: 'All maps' })
      .group(['queue', 'all'], 'Queue:')
      .example('$0 cancel --all --queue redis://head:6379', 'everything')
      .example('$0 cancel maps/scene.tif', 'one map; EGUNET_QUEUE'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const maps = (args.map ?? []).map((path) => resolve(path));
  if (maps.length > 0 === args.all) throw new UsageError('cancel needs maps, or --all');
  const [{ cancelMaps }, place] = await Promise.all([import('../queue/status.js'), openPlace(args.queue)]);
  const cancelled = await cancelMaps(place, maps);
  printResult(args.json, { queue: place.shown, ...cancelled }, () =>
    formatFacts([
      ['taken out', `${cancelled.maps} maps`],
      [
        'in work',
        cancelled.inWork.length > 0 ? `${cancelled.inWork.join('\n')}: stay; stop their workers first` : undefined,
      ],
    ]),
  );
}
