// What an abundance map says of where it comes from, whatever writes it.
import { type ModelCard, precisionOf } from '@egunet/models/card';

/** Of this package, and of the whole. */
export const SOFTWARE_VERSION = '0.1.0';

/** Where the abundances come from, as GDAL metadata: enough to find the model and to make it again. `scenes` says what they were made of. */
export function mapOrigin(card: ModelCard, scenes: Readonly<Record<string, string>>): Record<string, string> {
  return {
    TIFFTAG_SOFTWARE: `egunet ${SOFTWARE_VERSION}`,
    ...scenes,
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
