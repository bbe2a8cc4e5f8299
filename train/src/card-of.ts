// The model card of any network: what of it is the same for all.
import { CARD_VERSION, type CardMetric, type ModelCard } from '@egunet/models/card';
import { distributionOf } from './distribution.js';
import type { RunFacts } from './fit/checkpoint.js';

/** Who makes the model file, and when. */
export interface CardOrigin {
  /** Version of the software, for the card. */
  readonly softwareVersion: string;
  /** When the model is made; goes into the card. */
  readonly created: Date;
  readonly metrics?: readonly CardMetric[];
}

/** What the network itself has to say. */
export interface CardOwn extends Pick<ModelCard, 'kind' | 'halo' | 'inputScale' | 'network'> {
  readonly training: Omit<ModelCard['training'], 'pixels' | 'candidates' | 'endmemberMethod'>;
  /** sha256 of the training data. */
  readonly dataDigest: string;
  /** Some training pixels [n, B]; absent of what is no network. */
  readonly probe?: Float32Array;
}

/** Scenes of a pool that a card names at most. */
const MOST_NAMES = 100;

/** The card of a network trained on what `facts` tell. */
export function cardOf(
  { scene, scenes, sensor, bands, endmembers, pixels, candidates, endmemberMethod, library }: RunFacts,
  { kind, halo, inputScale, network, training, dataDigest, probe }: CardOwn,
  { softwareVersion, created, metrics }: CardOrigin,
): ModelCard {
  const { rows, cols, name } = scene;
  const distribution = probe && distributionOf(probe, bands.length);
  return {
    version: CARD_VERSION,
    software: { name: 'egunet', version: softwareVersion },
    created: created.toISOString(),
    kind,
    ...(halo === undefined ? {} : { halo }),
    sensor,
    bands: [...bands],
    endmembers: [...endmembers],
    inputScale,
    network,
    training: { ...training, pixels, candidates, endmemberMethod },
    data: {
      ...{ scene: name, rows, cols },
      ...(scene.bands === undefined ? {} : { bands: scene.bands }),
      ...(scenes && { scenes: scenes.slice(0, MOST_NAMES).map((one) => one.name) }),
      sha256: dataDigest,
    },
    ...(library === undefined ? {} : { library }),
    metrics: [...(metrics ?? [])],
    ...(distribution && { distribution }),
  };
}
