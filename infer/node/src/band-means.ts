// What a map's bands are on average. Legend: C endmembers.
import { QUALITY_BANDS } from '@egunet/infer';
import { hasSpread, type ModelCard } from '@egunet/models/card';
import type { BandStatistics } from '@egunet/raster/node';
import type { InferSummary } from './infer-scene.js';
import { STORAGE, type StoredType } from './samples.js';

/** Means over the pixels with data, by the statistics of the map's bands as they are stored. */
export function bandMeans(
  statistics: readonly BandStatistics[],
  { card, sampleType, spread, quality }: { card: ModelCard; sampleType: StoredType; spread: boolean; quality: boolean },
): Pick<InferSummary, 'means' | 'spread' | 'quality'> {
  const C = card.endmembers.length;
  const meanOf = (band: number) => statistics[band]!.mean * STORAGE[sampleType].scale;
  const from = (first: number) => card.endmembers.map(({ name }, c) => ({ name, mean: meanOf(first + c) }));
  const ofQuality = statistics.length - QUALITY_BANDS.length;
  return {
    means: from(0),
    ...(spread && hasSpread(card) && { spread: from(C) }),
    ...(quality && { quality: QUALITY_BANDS.map((band, i) => ({ ...band, mean: meanOf(ofQuality + i) })) }),
  };
}
