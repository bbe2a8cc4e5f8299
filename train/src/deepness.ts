import type { ModelCard } from '@egunet/models/card';

/**
 * The metadata keys that Deepness (a QGIS plugin) reads, each value JSON. The plugin divides pixels by 255 before it standardises,
 * so a standard deviation of 1/255 gives the model reflectance. `pixelSize` in metres. Source: the plugin's page "add metadata to a model".
 */
export function deepnessMetadata(card: ModelCard, pixelSize: number | null): Record<string, string> {
  if (card.kind === 'spatial') return {}; // it has a second input, which the plugin does not know
  const keys = {
    model_type: 'Regressor',
    class_names: Object.fromEntries(card.endmembers.map(({ name }, i) => [i, name])),
    ...(pixelSize !== null && { resolution: pixelSize * 100 }), // cm a pixel
    tile_size: 256,
    tiles_size: 256,
    tiles_overlap: 0, // percent
    standardization_mean: card.bands.map(() => 0),
    standardization_std: card.bands.map(() => 1 / 255),
    reg_output_scaling: 1,
  };
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, JSON.stringify(value)]));
}
