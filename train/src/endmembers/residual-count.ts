// How many endmembers a scene of variable materials carries. Legend: B bands, C endmembers; r_C share of the pixels' energy that C spectra leave.
import type { Random } from '../random.js';
import { extractBundles } from './bundles.js';
import { COUNT } from './settings.js';
import { createClusterer } from './subset-method.js';
import type { MethodOptions, SpectraSample } from './types.js';

/**
 * The last C up to `most` for which r_C is less than .75 of what C - 1 leave, as for all before it; at least 2. r_C is that of the subset method's
 * selection, in the geometric mean of a few clusterings: a material explains much that the others leave, a shade of one does not.
 * Throws TrainError where the candidates have fewer distinct directions than could be counted.
 */
export async function countByResidual(
  sample: SpectraSample,
  options: Pick<MethodOptions, 'pause' | 'subset'> & { random: Random; most: number },
): Promise<number> {
  const { random, most } = options;
  const largest = sample.blocks.reduce((size, block) => Math.max(size, block.positions.length), 0);
  const count = Math.min(most, largest, sample.bands);
  const candidates = await extractBundles(sample, { ...options, count, random: random.fork('bundles') });
  const cluster = createClusterer(sample, {
    ...options,
    count: Math.min(count, candidates.positions.length),
    candidates,
  });
  const logs = new Float64Array(count + 1); // of r_C, summed over the clusterings
  for (let i = 0; i < COUNT.clusterings; i++) {
    await options.pause('number of endmembers', i, COUNT.clusterings);
    const { select } = cluster(random.fork(`clustering ${i}`));
    for (let c = 1; c <= count; c++) logs[c]! += Math.log(Math.max(select(c).residual, Number.MIN_VALUE));
  }
  await options.pause('number of endmembers', COUNT.clusterings, COUNT.clusterings);
  const falls = (c: number) => (logs[c]! - logs[c - 1]!) / COUNT.clusterings < Math.log(COUNT.leastFall);
  let found = 2;
  while (found < count && falls(found + 1)) found++;
  return found;
}
