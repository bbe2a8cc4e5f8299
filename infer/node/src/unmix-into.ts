// From windows to a map, whatever scenes they show. Legend: C endmembers.
import {
  assertPlausible,
  mapBands,
  type Overlap,
  type Seen,
  SOFTWARE_VERSION,
  sumSeen,
  type TileShape,
  type Window,
  windowFrom,
  withHalo,
} from '@egunet/infer';
import { haloOf, hasSpread, type ModelCard, precisionOf } from '@egunet/models/card';
import { distributionOfCard } from '@egunet/models/distribution';
import {
  type BandStatistics,
  createMapFile,
  type MapFile,
  type MapFileOptions,
  type MapFormatName,
  type MapShard,
} from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import { bandMeans } from './band-means.js';
import type { PixelChoice } from './choose-pixels.js';
import { assertSomeLeft, noteDamage, sumDamage } from './damage.js';
import type { Engine } from './engine.js';
import { digestOf } from './identity.js';
import type { InferSceneOptions, InferSummary } from './infer-scene.js';
import { COMPARED_PIXELS, likenessOf } from './likeness.js';
import { type MapSource, mapOptions } from './map-options.js';
import type { Content, Workers } from './pool.js';
import type { StoredType } from './samples.js';
import { noteSeen, sumNotedSeen } from './seen.js';

/** Everything that is known before the first pixel is read. */
export interface Work {
  readonly format: MapFormatName;
  readonly options: InferSceneOptions;
  readonly source: MapSource;
  /** Size of the scene, or of the grid of several. */
  readonly grid: TileShape;
  /** Of which files the scenes are made, and what else makes it the same work. */
  readonly identity: Readonly<Record<string, unknown>>;
  readonly engine: Engine;
  readonly chosen: PixelChoice;
  /** What covers the map, in order. */
  readonly windows: readonly Window[];
  /** What covers a part of it. */
  readonly windowsIn: (part: Window) => readonly Window[];
  /** The share of a part's pixels that have data, about; those left out are not asked for. */
  readonly dataShare: (part: Window) => Promise<number>;
  /** The scenes in each. */
  readonly parts: Content['parts'];
  readonly overlap: Overlap;
  /** Pixels a run. */
  readonly batch: number;
  readonly sampleType: StoredType;
  /** Of an ensemble. */
  readonly spread: boolean;
  readonly quality: boolean;
  readonly workers: Workers;
}

/** What the map is made of and how: only the same work goes on from finished tiles. */
async function identityOf({ options, identity, engine, chosen, batch, sampleType, spread, quality }: Work) {
  const { open = {}, model, device = 'cpu', resample = false, onError = 'fail', tile } = options;
  return {
    software: SOFTWARE_VERSION,
    ...identity,
    open,
    model: await digestOf(model),
    ...(device !== 'cpu' && { device }), // it rounds in its own way
    window: chosen.window,
    ...chosen.identity,
    resample,
    batch,
    'sample type': sampleType,
    ...(hasSpread(engine.card) && { spread }),
    quality,
    'on error': onError,
    // Damaged blocks are counted by their pieces.
    ...(onError === 'nodata' && { tile }),
  };
}

/** Fewer sampled pixels of one of several scenes may well be all cloud; and all water, or night, any number of them. */
const ENOUGH_SAMPLED = 64;

/** Throws InferError unless what was seen, of each of several scenes and of all, is reflectance. */
function assertAllPlausible(seenOf: ReadonlyMap<string, Seen>, name: string, card: ModelCard): void {
  if (seenOf.size > 1)
    for (const [scene, seen] of seenOf)
      if (seen.sampled >= ENOUGH_SAMPLED) assertPlausible({ ...seen, tooDark: 0 }, publicPath(scene), card);
  assertPlausible(sumSeen(seenOf.values()), name, card);
}

/** What windows are made of. */
function contentOf({ grid: { rows, cols }, engine, chosen, parts, spread, quality }: Work): Content {
  const { card, runs } = engine;
  const whole = { row: 0, col: 0, rows, cols };
  return {
    around: (window) => withHalo(window, haloOf(card), whole),
    parts,
    async leftOut({ window, around }) {
      const marks = await chosen.masked(around);
      return { leaveOut: chosen.outside(window), ...(marks && { masked: { window: around, marks } }) };
    },
    bands: mapBands(card, { spread, quality }).length,
    runs,
  };
}

interface Done {
  readonly keptPixels: number;
  readonly statistics: readonly BandStatistics[];
  readonly likeness: InferSummary['likeness'];
}

const pixelsIn = (windows: readonly Window[]): number => windows.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

/** Pixels of the map that are to be unmixed, with data or without. */
function pixelsToUnmix({ chosen: { window, counts } }: Work): number {
  return window.rows * window.cols - counts.outsidePixels - counts.maskedPixels;
}

/** Unmixes what of these windows a map, or a shard of it, lacks. Returns how many of their pixels it had. */
export async function unmixMissing(map: MapShard, work: Work, windows: readonly Window[]): Promise<number> {
  const { options, chosen, overlap, batch, sampleType, spread, quality, workers } = work;
  const { window } = chosen;
  const { onError, onStart, onProgress } = options;
  const start = performance.now();
  const missing = windows.filter((one) => !map.holds(windowFrom(window, one)));
  const totalPixels = pixelsIn(windows);
  const keptPixels = totalPixels - pixelsIn(missing);
  onStart?.({ totalPixels, keptPixels });
  const compareEvery = Math.max(1, Math.floor(pixelsToUnmix(work) / COMPARED_PIXELS));
  const how = { overlap, batch, sampleType, spread, quality, compareEvery, aroundDamage: onError === 'nodata' };
  let pixels = keptPixels;
  let writing = Promise.resolve();
  for await (const { window: at, data, seen, damaged } of workers.unmix(missing, how, contentOf(work))) {
    await noteDamage(map, damaged);
    await noteSeen(map, at, seen);
    await writing; // one tile may be compressed while the next is unmixed
    writing = map.writeWindow(windowFrom(window, at), data);
    writing.catch(() => {}); // seen when it is awaited
    pixels += at.rows * at.cols;
    onProgress?.({ pixels, totalPixels, keptPixels, seconds: (performance.now() - start) / 1000 });
  }
  await writing;
  return keptPixels;
}

/** Unmixes what the map lacks, and completes it. */
async function complete(map: MapFile, work: Work): Promise<Done> {
  const { options, source, engine, windows } = work;
  const keptPixels = await unmixMissing(map, work, windows);
  const seenOf = sumNotedSeen(map);
  try {
    if (source.scenes === undefined) assertSomeLeft(sumDamage(map), { name: source.name, pixels: pixelsToUnmix(work) });
    assertAllPlausible(seenOf, source.name, engine.card);
  } catch (error) {
    await map.discard();
    throw error;
  }
  const likeness = likenessOf(seenOf, engine.card);
  return { keptPixels, likeness, statistics: await map.close(options.signal) };
}

/** How the map is begun, or a shard of it. */
export async function fileOptions(work: Work): Promise<MapFileOptions> {
  const { options, format, source, engine } = work;
  const { card } = engine;
  distributionOfCard(card); // a damaged one is known before any work
  return {
    ...mapOptions(source, { ...work, card, command: options.command }),
    ...{ format, overwrite: options.overwrite ?? false },
    identity: await identityOf(work),
  };
}

/** Unmixes what is asked for into a map, or what an earlier go left of it. */
export async function unmixInto(work: Work): Promise<InferSummary> {
  const start = performance.now();
  const how = await fileOptions(work);
  await work.workers.ready();
  return completeMap(await createMapFile(work.options.output, how), work, start);
}

/** Completes a map that was begun, and tells what it came to since `start`. */
export async function completeMap(map: MapFile, work: Work, start: number): Promise<InferSummary> {
  const { options, format, source, engine, chosen, windows, overlap } = work;
  const { card } = engine;
  const { window, counts } = chosen;
  const { output } = options;
  try {
    const { keptPixels, statistics, likeness } = await complete(map, work);
    const pixels = window.rows * window.cols;
    const validPixels = statistics[0]!.count;
    return {
      output,
      format,
      ...(source.scenes !== undefined && { scenes: source.scenes, overlap }),
      rows: window.rows,
      cols: window.cols,
      pixels,
      validPixels,
      noDataPixels: pixels - validPixels - counts.maskedPixels - counts.outsidePixels,
      ...counts,
      keptPixels,
      ...(likeness && { likeness }),
      tiles: windows.length,
      workers: Math.min(work.workers.count, windows.length),
      sensor: card.sensor,
      precision: precisionOf(card),
      device: options.device ?? 'cpu',
      ...(options.deviceIds && { deviceIds: options.deviceIds }),
      ...(options.onError === 'nodata' && { damage: sumDamage(map) }),
      ...bandMeans(statistics, { ...work, card }),
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await map.stop();
  }
}
