// The manifest of a run folder, checked: what is read from disk may have been edited, cut off, or made by another version.
import { pixelwiseNetwork, type SpatialFilter } from '@egunet/models';
import { checkCardLibrary } from '@egunet/models/card';
import { type Check, createChecks } from '@egunet/models/check';
import { assertPaperSettings, paperNetwork } from '../convolutional/paper-settings.js';
import { countEncoderStatistics, encoderStatistics } from '../convolutional/statistics.js';
import { TrainError } from '../error.js';
import { assertLibrarySettings, assertMembers, assertMixtureSettings } from '../library/settings.js';
import { SPATIAL } from '../spatial/settings.js';
import type { Checkpoint, RunFacts } from './checkpoint.js';
import { SCHEDULES } from './schedule.js';
import { assertSettings, MODELS } from './settings.js';

export const RUN_FORMAT = 'egunet-run';

/** The format's version; raised when an older reader would misread a newer run, or a newer one misses something in an older. */
export const RUN_VERSION = 3;

/** A file of vectors in the run folder. */
export interface VectorFile {
  readonly file: string;
  /** Hexadecimal, of the whole file. */
  readonly sha256: string;
}

export type Manifest = Omit<Checkpoint, 'state' | 'probe'> & {
  readonly format: typeof RUN_FORMAT;
  readonly version: typeof RUN_VERSION;
  readonly request: unknown;
  readonly state: VectorFile;
  readonly probe: VectorFile;
};

type Invalid = (field: string, expected: string, got: unknown) => TrainError;

/** Reads the text of the manifest at `path`. Throws TrainError naming the first field that is wrong. */
export function parseManifest(text: string, path: string): Manifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new TrainError(`${path}: not valid JSON; train anew`, { cause });
  }
  const { version } = (manifest ?? {}) as { version?: unknown };
  if (typeof version === 'number' && version > RUN_VERSION)
    throw new TrainError(
      `${path}: version ${version} is newer than ${RUN_VERSION}, which this egunet reads; update egunet`,
    );
  const invalid: Invalid = (field, expected, got) =>
    new TrainError(`${path}: ${field} should be ${expected}, got ${got}; train anew`);
  manifestCheck(invalid)(withLaterSettings(manifest), 'manifest');
  assertConsistent(manifest as Manifest, path, invalid);
  return manifest as Manifest;
}

/** Runs of version 2 were EGU-Net-pw where they do not name their model, and took all candidates in every step. Gives the same manifest. */
function withLaterSettings(manifest: unknown): unknown {
  const { version, settings, facts } = (manifest ?? {}) as { [key: string]: Record<string, unknown> | null };
  if (version !== (2 as unknown) || typeof settings !== 'object' || settings === null) return manifest;
  settings.model ??= 'pw';
  settings.candidateBatch ??= facts?.candidates;
  return manifest;
}

function manifestCheck(invalid: Invalid): Check {
  const { number, positive, count, text, is, oneOf, optional, orNull, list, record } = createChecks(invalid);
  const vectors = (name: string, pattern: RegExp) =>
    record({
      file: (value, at) => {
        if (!pattern.test(String(value))) throw invalid(at, name, JSON.stringify(value));
      },
      sha256: text,
    });
  return record({
    format: is(RUN_FORMAT),
    version: oneOf([2, RUN_VERSION]),
    settings: record({
      model: oneOf(MODELS),
      seed: count,
      epochs: count,
      batch: count,
      candidateBatch: count,
      schedule: oneOf(SCHEDULES),
      learningRate: number,
      dropRate: number,
      weightDecay: number,
    }),
    inputScale: positive,
    dataDigest: text,
    epoch: count,
    history: list(record({ total: number, crossEntropy: number, reconstruction: number }), 0),
    state: vectors('state-<epoch>-<sha256>.bin', /^state-\d+-[0-9a-f]{8}\.bin$/),
    probe: vectors('probe-<sha256>.bin', /^probe-[0-9a-f]{8}\.bin$/),
    facts: record({
      sensor: orNull(text),
      bands: list(record({ wavelength: orNull(positive), fwhm: orNull(positive), index: optional(count) }), 1),
      endmembers: list(record({ name: text, spectrum: list(number, 1) }), 2),
      endmemberMethod: text,
      scene: record({ name: text, rows: count, cols: count, pixelSize: orNull(positive), bands: optional(count) }),
      scenes: optional(
        list(record({ name: text, files: list(text, 0), rows: count, cols: count, pixels: count, blocks: count }), 1),
      ),
      pixels: count,
      candidates: count,
      library: optional((value, at) => {
        try {
          checkCardLibrary(value, at);
        } catch {
          throw invalid(at, 'the files and classes of a library', JSON.stringify(value).slice(0, 60));
        }
      }),
    }),
    spatial: optional(
      record({
        radius: count,
        toFactors: list(number, 0),
        fromFactors: list(number, 0),
        weights: list(number, 0),
        noiseShares: list(number, 0),
      }),
    ),
    statistics: optional(list(number, 0)),
    library: optional(
      record({
        mixtures: record({
          classShares: list(number, 1),
          pairShare: number,
          componentBrightness: number,
          brightness: number,
          smoothError: number,
        }),
        members: count,
        standard: record({ mean: list(number, 1), deviation: list(positive, 1) }),
        scores: optional(record({ mixtures: count, rmse: number, perClass: list(number, 1) })),
      }),
    ),
  });
}

/** What no field shows by itself. */
function assertConsistent(manifest: Manifest, path: string, invalid: Invalid): void {
  const { settings, epoch, history, facts, spatial, statistics } = manifest;
  const { bands, endmembers, pixels, candidates } = facts;
  endmembers.forEach(({ spectrum }, c) => {
    if (spectrum.length !== bands.length)
      throw invalid(`manifest.facts.endmembers[${c}].spectrum`, `${bands.length} values, one a band`, spectrum.length);
  });
  for (const [field, of] of [
    ['spatial', 'ss'],
    ['statistics', 'ss-paper'],
    ['library', 'library'],
  ] as const)
    if (manifest[field] && settings.model !== of)
      throw invalid(`manifest.${field}`, `absent from a run of model ${settings.model}`, 'some');
  if (spatial) assertFilter(spatial, endmembers.length, invalid);
  if (statistics) assertStatistics(statistics, facts, invalid);
  if (epoch > settings.epochs) throw invalid('manifest.epoch', `at most settings.epochs, ${settings.epochs}`, epoch);
  if (history.length !== epoch) throw invalid('manifest.history', `${epoch} entries, one an epoch`, history.length);
  const width = pixelwiseNetwork(bands.length, endmembers.length).widths[0]!;
  try {
    if (settings.model === 'ss-paper') assertPaperSettings(settings, facts);
    else if (settings.model === 'library') assertLibraryRun(manifest, invalid);
    else assertSettings(settings, { pixels, candidates, width });
  } catch (cause) {
    throw new TrainError(`${path}: ${(cause as Error).message}; train anew`, { cause });
  }
}

/** A library's run has settings of its own, and a mean and a deviation for each band. */
function assertLibraryRun({ settings, facts, library }: Manifest, invalid: Invalid): void {
  if (!library) throw invalid('manifest.library', 'how a run of model library is trained', 'nothing');
  assertLibrarySettings(settings);
  assertMixtureSettings(library.mixtures);
  assertMembers(library.members);
  const { scores } = library;
  const classes = facts.endmembers.length;
  if (scores && scores.perClass.length !== classes)
    throw invalid('manifest.library.scores.perClass', `${classes} values, one a class`, scores.perClass.length);
  for (const part of ['mean', 'deviation'] as const)
    if (library.standard[part].length !== facts.bands.length)
      throw invalid(
        `manifest.library.standard.${part}`,
        `${facts.bands.length} values, one a band`,
        library.standard[part].length,
      );
}

/** There are as many as the encoder of the run has, means and then variances of each layer. */
function assertStatistics(statistics: readonly number[], facts: RunFacts, invalid: Invalid): void {
  const network = paperNetwork(facts);
  const count = countEncoderStatistics(network);
  if (statistics.length !== count) throw invalid('manifest.statistics', `${count} values`, statistics.length);
  for (const { offset, size } of encoderStatistics(network))
    for (let at = offset + size; at < offset + 2 * size; at++)
      if (statistics[at]! < 0) throw invalid(`manifest.statistics[${at}]`, 'a variance, >= 0', statistics[at]);
}

/** The most that a radius can be: the layer's cost grows with its square. */
const MOST_RADIUS = 16;

/** The filter's lists fit each other, and are those of a filter. */
function assertFilter(filter: SpatialFilter, C: number, invalid: Invalid): void {
  const { radius, noiseShares, weights, fromFactors } = filter;
  if (radius < 1 || radius > MOST_RADIUS) throw invalid('manifest.spatial.radius', `1 to ${MOST_RADIUS}`, radius);
  const q = noiseShares.length;
  const sizes = { toFactors: C * q, fromFactors: q * C, weights: (2 * radius + 1) ** 2 * q };
  for (const [name, size] of Object.entries(sizes) as [keyof typeof sizes, number][])
    if (filter[name].length !== size)
      throw invalid(
        `manifest.spatial.${name}`,
        `${size} values for ${C} endmembers, ${q} factors and radius ${radius}`,
        filter[name].length,
      );
  for (const [f, share] of noiseShares.entries()) {
    if (share < 0 || share > 1) throw invalid(`manifest.spatial.noiseShares[${f}]`, '0 to 1', share);
    const own = weights.filter((_, i) => i % q === f);
    const size = own.reduce((sum, weight) => sum + Math.abs(weight), 0);
    const middle = own[(own.length - 1) / 2]!;
    if (size > SPATIAL.mostWeight + 1 || middle !== 0)
      throw invalid(`manifest.spatial.weights`, 'weights of a filter, 0 in the middle', `${size} and ${middle}`);
    const row = fromFactors.slice(f * C, (f + 1) * C);
    const [sum, most] = [row.reduce((a, b) => a + b, 0), row.reduce((a, b) => Math.max(a, Math.abs(b)), 0)];
    if (Math.abs(sum) > 1e-6 * most) throw invalid('manifest.spatial.fromFactors', 'rows that sum to 0', sum);
  }
}
