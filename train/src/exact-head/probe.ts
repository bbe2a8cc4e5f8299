// Pixels to compare solvers on where no scene is at hand. Legend: n pixels, B bands, C endmembers.
import { createRandom } from '../random.js';

export const PROBE_SEED = 1;
/** As many as a run keeps. */
export const PROBE_PIXELS = 1024;

/** Every abundance is 0 as often as this: solvers differ where endmembers come and go. */
const ABSENT = 0.3;
/** Standard deviation, reflectance. */
const NOISE = 0.01;

/** Mixtures of the endmembers [C, B], every other one with noise, in shade or in the sun [n, B]: those without show what float32 can tell apart. */
export function probeOf(endmembers: Float32Array, C: number): Float32Array {
  const B = endmembers.length / C;
  const random = createRandom(PROBE_SEED);
  const pixels = new Float32Array(PROBE_PIXELS * B);
  for (let n = 0; n < PROBE_PIXELS; n++) {
    const shares = Array.from({ length: C }, () => (random.uniform() < ABSENT ? 0 : -Math.log(1 - random.uniform())));
    shares[n % C]! += 0.1; // never without light
    const sum = shares.reduce((a, b) => a + b, 0);
    const disturbed = n % 2;
    const brightness = 1 + disturbed * (0.7 * random.uniform() - 0.5);
    for (let b = 0; b < B; b++) {
      const mixture = shares.reduce((value, share, c) => value + (share / sum) * endmembers[c * B + b]!, 0);
      pixels[n * B + b] = brightness * mixture + disturbed * NOISE * random.normal();
    }
  }
  return pixels;
}
