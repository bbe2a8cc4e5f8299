// The subset method, and after it, where a scene is linear mixing and noise and nothing else, a simplex that need not have pure pixels.
// Legend: n pixels, B bands, C endmembers.
import type { Random } from '../random.js';
import { REFINE } from './settings.js';
import { createSignalView, type SignalView } from './signal-view.js';
import { excessOf, growSimplex, logSize, sumToOne } from './simplex-growth.js';
import { drawPixels, finish, type SubsetSearch, searchSubsets } from './subset-method.js';
import type { EndmemberMethod, MethodOptions, MethodResult, SpectraSample } from './types.js';
import { vca } from './vca.js';
import { agreement, leastAngle, type Verdict } from './verdict.js';

/**
 * The subset method's endmembers, unless C directions explain the scene to its noise. There each restart's endmembers, and those of some runs of
 * VCA on all pixels, grow until no more than noise lies outside; of those that fit so, the smallest simplex is taken. In scenes of variable
 * materials, as real ones are, a smaller residual says nothing of that kind, and nothing is changed.
 */
export const refinedMethod: EndmemberMethod = (sample, options) => refine(sample, options, leastAngle);

/** The same, with restarts that are compared by brightness, too, and agree. */
export const agreedMethod: EndmemberMethod = (sample, options) => refine(sample, options, agreement);

async function refine(sample: SpectraSample, options: MethodOptions, verdict: Verdict): Promise<MethodResult> {
  const { bands } = sample;
  const { count, brightness } = options;
  const search = await searchSubsets(sample, options, verdict);
  const view = linearView(search.pixels, bands, count);
  const endmembers = view ? await smallestSimplex(view, search, { sample, ...options }) : undefined;
  return finish(endmembers ?? search.endmembers, search, { bands, brightness });
}

/** The view of `pixels` [n, B] in C directions, if these explain them to their noise. */
function linearView(pixels: Float32Array, bands: number, count: number): SignalView | undefined {
  // Noise is told from signal by many more pixels than bands.
  if (pixels.length / bands <= 2 * bands) return undefined;
  const view = createSignalView(pixels, bands, count);
  return view.remainder <= REFINE.mostRemainder ? view : undefined;
}

/**
 * Endmembers [C, B] of the smallest simplex outside which only noise lies, or of the least excess where none grows so far; undefined where that of
 * the search is large enough, as where there are pure pixels.
 */
async function smallestSimplex(
  view: SignalView,
  search: SubsetSearch,
  { sample, random, count, pause }: MethodOptions & { sample: SpectraSample },
): Promise<Float32Array | undefined> {
  const pixels = view.project(drawPixels(sample, REFINE.pixels, random.fork('refine')));
  if (excessOf(view.project(search.endmembers), pixels) <= REFINE.leastExcess) return undefined;
  const starts = [
    ...search.restarts.map(({ endmembers }) => view.project(endmembers)),
    ...vertices(pixels, count, random.fork('vertices')),
  ];
  let best: { endmembers: Float64Array; excess: number; size: number } | undefined;
  for (const [i, start] of starts.entries()) {
    await pause('growth', i, starts.length);
    const grown = growSimplex(start, pixels, REFINE);
    const excess = Math.max(grown.excess, REFINE.settledExcess);
    const size = logSize(grown.endmembers);
    if (!best || excess < best.excess || (excess === best.excess && size < best.size))
      best = { ...grown, excess, size };
  }
  await pause('growth', starts.length, starts.length);
  return best && view.spectra(best.endmembers);
}

/** Points [C, C] at vertices of `pixels` [n, C], as some runs of VCA find them. */
function vertices(pixels: Float64Array, count: number, random: Random): Float64Array[] {
  const runs = Array.from({ length: REFINE.vertexRuns }, (_, i) =>
    vca(Float32Array.from(pixels), { count, bands: count, random: random.fork(`run ${i}`) }),
  );
  return runs
    .filter(({ indices }) => indices.length === count)
    .map(({ spectra }) => sumToOne(Float64Array.from(spectra), pixels));
}
