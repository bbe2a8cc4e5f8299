import type { Argv } from 'yargs';
import { realNumber, wholeNumber, withCommon, workers } from '../support/options.js';
import { formatFacts, note, printResult } from '../support/output.js';
import { openPlace, queueOption } from '../support/queue-options.js';

export const command = 'worker';
export const describe = 'Make maps that egunet submit asked for, until it is stopped';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .usage(
        '$0 worker --queue redis://HOST:PORT\n\nTakes jobs from the queue, on as many machines as there are. Stopped by Ctrl-C or SIGTERM, its jobs go back, and whoever takes them goes on from the tiles that are finished; if it is killed, after --silence. A job that fails is tried four times, with pauses that grow, then set aside: egunet status says why, egunet retry asks for it again.',
      )
      .option('queue', queueOption)
      .option('jobs', wholeNumber('jobs', { describe: 'Jobs at a time [default: 1]', least: 1, most: 256 }))
      .option('workers', workers)
      .option(
        'silence',
        realNumber('silence', {
          describe:
            'Seconds without a sign of life after which a worker is taken for dead, and its jobs go to others; the same for all [default: 30]',
          least: 1,
          most: 3600,
        }),
      )
      .option('until-empty', {
        type: 'boolean',
        default: false,
        describe: 'End when nothing waits and nothing is in work any more',
      })
      .group(['queue', 'silence', 'until-empty'], 'Queue:')
      .group(['jobs', 'workers'], 'Machine:')
      .example('$0 worker --queue redis://head:6379', 'one job at a time, on all cores')
      .example('$0 worker --jobs 4 --workers 2', 'four, on two each; EGUNET_QUEUE'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const [{ work }, { takeControl }, place] = await Promise.all([
    import('../queue/work.js'),
    import('../support/control.js'),
    openPlace(args.queue),
  ]);
  const control = takeControl({ verbose: args.verbose, leaves: 'jobs go back to the queue' });
  note(`taking jobs from ${place.shown}`);
  try {
    const { jobs = 1, workers: threads, silence = 30 } = args;
    const done = await work({
      place,
      jobs,
      threads,
      silence: 1000 * silence,
      untilEmpty: args['until-empty'],
      signal: control.signal,
    });
    printResult(args.json, done, () =>
      formatFacts([['done', `${done.maps} maps, ${done.parts} parts of maps, ${done.failed} failed`]]),
    );
  } finally {
    control.release();
  }
}
