// How an abundance map is stored. Legend: C endmembers.
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { QUALITY_BANDS, type Window } from '@egunet/infer';
import { type ModelCard, precisionOf } from '@egunet/models/card';
import type { Georeference, Scene } from '@egunet/raster';
import type { MapOptions } from '@egunet/raster/node';
import type { PixelChoice } from './choose-pixels.js';
import { STORAGE, type StoredType } from './samples.js';

/** The version of this package, which is that of the whole. */
export function softwareVersion(): string {
  const manifest: { version: string } = createRequire(import.meta.url)('../package.json');
  return manifest.version;
}

/** The georeference of a window: the same grid, another corner. */
function shiftTo(georeference: Georeference, { row, col }: Window): Georeference {
  const [a, b, c, d, e, f] = georeference.affine;
  return { ...georeference, affine: [a, b, c + a * col + b * row, d, e, f + d * col + e * row] };
}

/** Where the abundances come from, as GDAL metadata: enough to find the model and to make it again. */
function origin(scene: Scene, card: ModelCard): Record<string, string> {
  return {
    TIFFTAG_SOFTWARE: `egunet ${softwareVersion()}`,
    EGUNET_SCENE: basename(scene.name), // the folders around it are the user's own
    EGUNET_NETWORK: card.network.name,
    ...(card.sensor !== null && { EGUNET_SENSOR: card.sensor }),
    EGUNET_MODEL_CREATED: card.created,
    EGUNET_MODEL_PRECISION: precisionOf(card),
    EGUNET_MODEL_SOFTWARE: `${card.software.name} ${card.software.version}`,
    EGUNET_SEED: String(card.training.seed),
    EGUNET_TRAINING_SCENE: card.data.scene,
    EGUNET_TRAINING_SHA256: card.data.sha256,
  };
}

/** What a map shows. */
export interface MapContent {
  readonly card: ModelCard;
  readonly sampleType: StoredType;
  readonly quality: boolean;
  readonly chosen: Pick<PixelChoice, 'window' | 'metadata'>;
  readonly command?: string | undefined;
}

/** A map of a part of the scene: one band an endmember, by name, then those of quality. */
export function mapOptions(scene: Scene, { card, sampleType, quality, chosen, command }: MapContent): MapOptions {
  const { window, metadata } = chosen;
  const { georeference } = scene;
  const { scale, noData } = STORAGE[sampleType];
  return {
    rows: window.rows,
    cols: window.cols,
    sampleType,
    bands: [...card.endmembers.map(({ name }) => ({ name })), ...(quality ? QUALITY_BANDS : [])].map((band) => ({
      ...band,
      ...(scale !== 1 && { gain: scale, offset: 0 }),
    })),
    noData,
    metadata: { ...origin(scene, card), ...metadata, ...(command !== undefined && { EGUNET_COMMAND: command }) },
    ...(georeference && { georeference: shiftTo(georeference, window) }),
  };
}
