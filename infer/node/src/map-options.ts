// How an abundance map is stored. Legend: C endmembers.
import { mapBands, mapOrigin } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { type Georeference, shiftTo } from '@egunet/raster';
import type { MapOptions } from '@egunet/raster/node';
import type { PixelChoice } from './choose-pixels.js';
import { STORAGE, type StoredType } from './samples.js';

/** What a map is made of. */
export interface MapSource {
  /** A scene's name, or what several are called together. */
  readonly name: string;
  /** How many, where there are several. */
  readonly scenes?: number;
  readonly georeference?: Georeference;
  /** Which scenes; the folders around them are the user's own. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a map shows. */
export interface MapContent {
  readonly card: ModelCard;
  readonly sampleType: StoredType;
  /** Of an ensemble. */
  readonly spread: boolean;
  readonly quality: boolean;
  readonly chosen: Pick<PixelChoice, 'window' | 'metadata'>;
  readonly command?: string | undefined;
}

/** A map of a part of it, with `mapBands`. */
export function mapOptions(source: MapSource, content: MapContent): MapOptions {
  const { card, sampleType, chosen, command } = content;
  const { window, metadata } = chosen;
  const { georeference } = source;
  const { scale, noData } = STORAGE[sampleType];
  return {
    rows: window.rows,
    cols: window.cols,
    sampleType,
    bands: mapBands(card, content).map((band) => ({ ...band, ...(scale !== 1 && { gain: scale, offset: 0 }) })),
    noData,
    metadata: {
      ...mapOrigin(card, source.metadata, content),
      ...metadata,
      ...(command !== undefined && { EGUNET_COMMAND: command }),
    },
    ...(georeference && { georeference: shiftTo(georeference, window) }),
  };
}
