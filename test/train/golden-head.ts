// A head whose bytes depend on no training: seeded parameters and statistics, so that they are the same on every machine.
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import { type Checkpoint, createRandom, DEFAULT_SETTINGS, exportHead, type Head } from '@egunet/train';
import { mixtures } from './training-set.js';

const PIXELS = 20;

const { set, facts } = mixtures({ bands: 8, pixels: PIXELS });

/** Reflectance [20, 8] that the golden abundances belong to. */
export const goldenPixels = set.pixels;

function checkpoint(): Checkpoint {
  const network = pixelwiseNetwork(8, 3);
  const random = createRandom(11);
  const parameters = initialParameters(network, () => random.uniform()).map((v) => v + 0.05 * random.normal());
  const moving = initialStatistics(network).map((v) => v + 0.2 * random.uniform());
  const state = { parameters, first: parameters, second: parameters, moving };
  const settings = { ...DEFAULT_SETTINGS, epochs: 200, weightDecay: 0.005, batch: PIXELS, candidateBatch: PIXELS }; // as in the golden's card
  return { settings, inputScale: 2, dataDigest: '00', epoch: 1, history: [], state, probe: goldenPixels, facts };
}

export function goldenHead(): Promise<Head> {
  return exportHead(checkpoint(), { softwareVersion: '0.0.0', created: new Date(0) });
}
