import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
import { formatFacts, formatSeconds, printResult } from '../support/output.js';
import { openPlace, queueOption } from '../support/queue-options.js';

export const command = 'status';
export const describe = 'Show what a queue holds, who works on it, and what failed';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .usage(
        '$0 status --queue redis://HOST:PORT\n\nCounts maps and parts of maps by their state, with the rate of the last ten minutes, the time left at that rate, and the reason of each failure.',
      )
      .option('queue', queueOption)
      .group(['queue'], 'Queue:')
      .example('$0 status --queue redis://head:6379', 'once')
      .example('watch $0 status', 'again and again; EGUNET_QUEUE'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const [{ queueStatus }, place] = await Promise.all([import('../queue/status.js'), openPlace(args.queue)]);
  const status = await queueStatus(place);
  const { active, waiting, inParts, completed, failed, workers, perHour, remaining, failures } = status;
  printResult(args.json, status, () =>
    formatFacts([
      ['queue', status.queue],
      ['workers', `${workers.length}`],
      ['jobs', `${active} in work, ${waiting} waiting, ${completed} done, ${failed} failed`],
      ['in parts', inParts > 0 ? `${inParts} maps, whose parts are jobs` : undefined],
      ['rate', perHour === null ? undefined : `${perHour.toPrecision(3)} jobs an hour in the last ten minutes`],
      ['left', remaining === null ? undefined : `about ${formatSeconds(remaining)}`],
      [
        'failed',
        failures.length === 0
          ? undefined
          : failures
              .map(
                ({ output, part, error, tries }) =>
                  `${output}${part ? `, part ${part}` : ''}, ${tries} times: ${error}`,
              )
              .join('\n'),
      ],
    ]),
  );
}
