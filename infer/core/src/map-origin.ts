// What an abundance map says of where it comes from, whatever writes it.
import { hasSpread, type ModelCard, precisionOf } from '@egunet/models/card';

/** Of this package, and of the whole. */
export const SOFTWARE_VERSION = '0.1.0';

/** Where the abundances come from, as GDAL metadata: enough to find the model and to make it again. `scenes` says what they were made of, `spread` whether that of an ensemble is there. */
export function mapOrigin(
  card: ModelCard,
  scenes: Readonly<Record<string, string>>,
  { spread = false }: { readonly spread?: boolean } = {},
): Record<string, string> {
  return {
    TIFFTAG_SOFTWARE: `egunet ${SOFTWARE_VERSION}`,
    ...scenes,
    EGUNET_NETWORK: card.network.name,
    ...(card.sensor !== null && { EGUNET_SENSOR: card.sensor }),
    EGUNET_MODEL_CREATED: card.created,
    EGUNET_MODEL_PRECISION: precisionOf(card),
    EGUNET_MODEL_SOFTWARE: `${card.software.name} ${card.software.version}`,
    ...(spread &&
      hasSpread(card) && {
        EGUNET_SPREAD: `standard deviation of the abundances of ${card.library!.members} networks trained from different seeds: how far they disagree, no error bar`,
      }),
    EGUNET_SEED: String(card.training.seed),
    EGUNET_TRAINING_SCENE: card.data.scene,
    EGUNET_TRAINING_SHA256: card.data.sha256,
  };
}
