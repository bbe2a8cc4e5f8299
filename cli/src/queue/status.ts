// What the queue holds: maps and parts by their state, workers, what failed and why.
import { type Job, Queue } from 'bullmq';
import { PREFIX, type QueuePlace } from './connection.js';
import { MAP, type MapJob } from './jobs.js';

/** Failures that are listed. */
const MOST_LISTED = 100;

/** The rate is that of the last so many ms. */
const WINDOW = 10 * 60_000;

/** Finished jobs that the rate is taken from, at most. */
const MOST_RATED = 1000;

export interface QueueStatus {
  readonly queue: string;
  /** Jobs in work, now. */
  readonly active: number;
  /** Jobs that wait, also for another try. */
  readonly waiting: number;
  /** Maps whose parts are being made. */
  readonly inParts: number;
  readonly completed: number;
  readonly failed: number;
  readonly workers: readonly { readonly name: string; readonly address: string }[];
  /** Jobs an hour, by those that were finished in the last ten minutes; null where there are none. */
  readonly perHour: number | null;
  /** Seconds until nothing waits, at that rate; null where it is not known. */
  readonly remaining: number | null;
  readonly failures: readonly {
    readonly output: string;
    readonly part?: string;
    readonly error: string;
    readonly tries: number;
  }[];
}

const jobOf = (job: Job): Pick<MapJob, 'output' | 'number' | 'of'> => job.data as MapJob;

const partOf = (job: Job): { part?: string } => {
  const { number, of } = jobOf(job);
  return job.name === MAP ? {} : { part: `${number}/${of}` };
};

/** Does something with the queue, and lets go of it. */
export async function withQueue<T>(place: QueuePlace, act: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue(place.name, { connection: place.options, prefix: PREFIX });
  try {
    return await act(queue);
  } finally {
    await queue.close();
  }
}

/** Looks at the queue. */
export const queueStatus = (place: QueuePlace): Promise<QueueStatus> =>
  withQueue(place, async (queue) => {
    const counts = await queue.getJobCounts(
      'active',
      'waiting',
      'delayed',
      'prioritized',
      'waiting-children',
      'completed',
      'failed',
    );
    const count = (...states: string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    const since = Date.now() - WINDOW;
    const [last, failed, workers] = await Promise.all([
      queue.getCompleted(0, MOST_RATED - 1) as Promise<Job[]>,
      queue.getFailed(0, MOST_LISTED - 1) as Promise<Job[]>,
      queue.getWorkers(),
    ]);
    const recent = last.filter(({ finishedOn = 0 }) => finishedOn >= since);
    const first = Math.min(...recent.map(({ processedOn = Date.now() }) => processedOn));
    const perHour = recent.length === 0 ? null : recent.length / ((Date.now() - Math.max(first, since)) / 3_600_000);
    const waiting = count('waiting', 'delayed', 'prioritized');
    const left = waiting + count('active', 'waiting-children');
    return {
      queue: place.shown,
      ...{ active: count('active'), waiting, inParts: count('waiting-children') },
      ...{ completed: count('completed'), failed: count('failed') },
      workers: workers.map(({ name, addr }) => ({ name: name ?? '', address: addr ?? '' })),
      perHour,
      remaining: perHour === null || left === 0 ? null : (left / perHour) * 3600,
      failures: failed.map((job) => ({
        ...{ output: jobOf(job).output, ...partOf(job) },
        ...{ error: job.failedReason, tries: job.attemptsMade },
      })),
    };
  });

/** Puts what failed into the queue again: all, or of these maps. Returns how many jobs. */
export const retryFailed = (place: QueuePlace, outputs: readonly string[]): Promise<number> =>
  withQueue(place, async (queue) => {
    let retried = 0;
    for (const job of (await queue.getFailed(0, -1)) as Job[])
      if (outputs.length === 0 || outputs.includes(jobOf(job).output)) {
        await job.retry('failed', { resetAttemptsMade: true });
        retried++;
      }
    return retried;
  });

/** What came of a cancelling. */
export interface Cancelled {
  readonly maps: number;
  /** Maps that stay, for a worker has them, or a part of them, in work. */
  readonly inWork: readonly string[];
}

/** Takes maps out of the queue, with their parts: all, or these. */
export const cancelMaps = (place: QueuePlace, outputs: readonly string[]): Promise<Cancelled> =>
  withQueue(place, async (queue) => {
    let maps = 0;
    const inWork: string[] = [];
    const states = ['waiting', 'delayed', 'prioritized', 'waiting-children', 'failed', 'active'] as const;
    for (const job of (await queue.getJobs([...states])) as Job[]) {
      const { output } = jobOf(job);
      if (job.name !== MAP || (outputs.length > 0 && !outputs.includes(output))) continue;
      try {
        await job.remove({ removeChildren: true });
        maps++;
      } catch {
        inWork.push(output); // its lock is held
      }
    }
    return { maps, inWork };
  });
