import type { ModelCard } from '@egunet/models/card';
import { deepnessMetadata } from './deepness.js';

/** The metadata of a model file: its card, and of a pixel-wise one what Deepness reads. `pixelSize` in metres. */
export const modelMetadata = (card: ModelCard, pixelSize: number | null): Record<string, string> => ({
  egunet: JSON.stringify(card),
  ...deepnessMetadata(card, pixelSize),
});
