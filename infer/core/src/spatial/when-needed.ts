// What spatial models alone need, loaded with the first of them: a page without one does not fetch it.
import type * as HaloCheck from './halo-check.js';
import type * as Unmix from './unmix-spatial.js';

/** See halo-check.ts. */
export const assertHalo: typeof HaloCheck.assertHalo = async (session, card, name) => {
  if (card.kind === 'spatial') await (await import('./halo-check.js')).assertHalo(session, card, name);
};

/** See unmix-spatial.ts. */
export const unmixSpatial: typeof Unmix.unmixSpatial = async (...given) =>
  (await import('./unmix-spatial.js')).unmixSpatial(...given);
