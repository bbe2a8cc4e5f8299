// The colour ramp of abundances.
import { VIRIDIS } from '@egunet/infer-web';

/** Spread that has the ramp's last colour, and all above it: what ensembles show of real scenes is mostly below half of that. */
export const MOST_SPREAD = 0.2;

/** Pairs of abundance and colour, for a style of OpenLayers. */
export const rampStops = (): (number | string)[] => VIRIDIS.flatMap((colour, i) => [i / (VIRIDIS.length - 1), colour]);

/** The same in CSS. */
export const rampImage = (): string => `linear-gradient(to right, ${VIRIDIS.join(', ')})`;
