import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { UsageError } from '../support/errors.js';
import { withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';
import { openPlace, queueOption } from '../support/queue-options.js';

export const command = 'retry [map..]';
export const describe = 'Put what failed into the queue again';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('map', { type: 'string', array: true, describe: 'Maps that are meant, by their paths' })
      .usage(
        '$0 retry MAP... --queue redis://HOST:PORT\\n\\nJobs that failed for good, of these maps or --all, are tried again as often as at first.',
      )
      .option('queue', queueOption)
      .option('all', { type: 'boolean', default: false, describe: 'All maps' })
      .group(['queue', 'all'], 'Queue:')
      .example('$0 retry --all --queue redis://head:6379', 'everything')
      .example('$0 retry maps/scene.tif', 'one map; EGUNET_QUEUE'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const maps = (args.map ?? []).map((path) => resolve(path));
  if (maps.length > 0 === args.all) throw new UsageError('retry needs maps, or --all');
  const [{ retryFailed }, place] = await Promise.all([import('../queue/status.js'), openPlace(args.queue)]);
  const count = await retryFailed(place, maps);
  printResult(args.json, { queue: place.shown, count }, () => formatFacts([['tried again', `${count} jobs`]]));
}
