// What stands in the queue: a job for each map, and for each part of a large one.
import { createHash } from 'node:crypto';
import { createChecks } from '@egunet/models/check';
import { CommandError } from '../support/errors.js';

/** Changes with what a job says: a worker takes none of another. */
const FORMAT = 1;

/** Of the jobs that the queue holds. */
export const MAP = 'map';
export const PART = 'part';

/** A map that is asked for. */
export interface MapJob {
  readonly format: typeof FORMAT;
  /** Of who asked: the version of egunet. */
  readonly software: string;
  /** As a shard's request: scene, model and options, with whole paths. */
  readonly request: unknown;
  readonly output: string;
  /** SHA-256 of the model: another one under its name is refused. */
  readonly model: string;
  /** In how many parts it is to be made; by its size when absent. */
  readonly parts?: number;
  /** How many there are, once they are jobs. */
  readonly of?: number;
  /** Of a job for a part. */
  readonly number?: number;
}

export const newJob = (job: Omit<MapJob, 'format'>): MapJob => ({ format: FORMAT, ...job });

/** One map is one job, however often it is asked for. */
export const idOf = ({ output, number, of }: Pick<MapJob, 'output' | 'number' | 'of'>): string =>
  `${createHash('sha256').update(output).digest('hex').slice(0, 24)}${number === undefined ? '' : `-${number}-of-${of}`}`;

const majorOf = (version: string): string => version.split('.')[0]!;

/** Checks a job that was taken. Throws CommandError where it is of another kind or version. */
export function readJob(data: unknown, software: string): MapJob {
  const { is, text, count, optional, record } = createChecks(
    (path, expected, got) =>
      new CommandError(`${path} should be ${expected}, got ${got}: the job is none of this version of egunet`),
  );
  const fields = {
    format: is(FORMAT),
    software: text,
    output: text,
    model: text,
    parts: optional(count),
    of: optional(count),
    number: optional(count),
  };
  record(fields)(data, 'job');
  const job = data as MapJob;
  if (majorOf(job.software) !== majorOf(software))
    throw new CommandError(
      `the job was asked for by egunet ${job.software}, this is ${software}: use workers of that version`,
    );
  return job;
}
