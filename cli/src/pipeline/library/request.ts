// What a model of a library's classes is trained on, as a run keeps it.
import { createChecks } from '@egunet/models/check';
import type { OpenOptions } from '@egunet/raster';
import type { MixtureSettings } from '@egunet/train';
import { ENGINES, type EngineId } from '../../doctor/ids.js';
import { CommandError } from '../../support/errors.js';
import type { Interval } from '../../support/options.js';
import { openCheck } from '../open-check.js';

/** What decides which mixtures a network is trained on; saved with a run, so that a resumed one finds the same. */
export interface LibraryRequest {
  readonly kind: 'library';
  /** Absolute paths. */
  readonly libraries: readonly string[];
  readonly libraryScale?: number;
  /** For all libraries, or for each: the absolute path of a class table, or the heading of a column of the library. */
  readonly classes: readonly string[];
  readonly classColumn?: string;
  readonly sourceColumn?: string;
  /** Which classes are used, in order, and what they are called; all by their own names when absent. */
  readonly classNames?: readonly (readonly [from: string, to: string])[];
  /** A sensor's id, or the absolute path of its definition. */
  readonly sensor?: string;
  /** Absolute path, or URL, of a scene whose bands and noise are taken. */
  readonly scene?: string;
  readonly open: OpenOptions;
  /** Intervals in nm whose bands are left out. */
  readonly exclude: readonly Interval[];
  readonly seed: number;
  /** Standard deviation of the noise in every band, reflectance; the scene's, or none, when absent. */
  readonly noise?: number;
  /** What trained it last; onnxruntime on the CPU when absent. */
  readonly engine?: EngineId;
  readonly mixtures: Partial<MixtureSettings>;
  /** Least and most reflectance that a spectrum may have; `USUAL_RANGE` when absent. */
  readonly range?: readonly [least: number, most: number];
  readonly members: number;
  /** For the card. */
  readonly about?: { readonly licence?: string; readonly limits?: string };
}

/** Throws CommandError where a request read from the manifest at `path` is none. */
export function assertLibraryRequest(value: unknown, path: string): asserts value is LibraryRequest {
  const invalid = (field: string, expected: string, got: string) =>
    new CommandError(`${path}: ${field} should be ${expected}, got ${got}; train anew with egunet train --library`);
  const checks = createChecks(invalid);
  const { number, positive, count, text, is, oneOf, optional, list, record } = checks;
  record({
    kind: is('library'),
    libraries: list(text, 1),
    libraryScale: optional(positive),
    classes: list(text, 1),
    classColumn: optional(text),
    sourceColumn: optional(text),
    classNames: optional(list(list(text, 2), 1)),
    sensor: optional(text),
    scene: optional(text),
    open: openCheck(checks),
    exclude: list(list(number, 2), 0),
    seed: count,
    noise: optional(number),
    engine: optional(oneOf([...ENGINES])),
    range: optional(list(number, 2)),
    mixtures: record({}),
    members: count,
    about: optional(record({ licence: optional(text), limits: optional(text) })),
  })(value, 'request');
}
