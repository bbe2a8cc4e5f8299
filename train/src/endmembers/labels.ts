// Soft labels of the candidates: what the network's pure stream learns. Legend: B bands, C endmembers, m candidates.
import { nnlsAbundances } from '../nnls/nnls.js';
import type { Candidates } from './types.js';

export interface LabelledCandidates {
  readonly candidates: Candidates;
  /** [m, C], >= 0, each row sums to 1. */
  readonly labels: Float32Array;
  /** Candidates left out because no endmember explains anything of them. */
  readonly dropped: number;
}

/** NNLS of each candidate on `endmembers` [C, B], divided by its sum (Hong et al. 2021); a candidate with a zero sum is dropped. */
export function labelCandidates(endmembers: Float32Array, candidates: Candidates, bands: number): LabelledCandidates {
  const count = endmembers.length / bands;
  const { abundances, zeroSums } = nnlsAbundances(endmembers, candidates.spectra, bands);
  const kept = [...zeroSums.keys()].filter((n) => zeroSums[n] === 0);
  const spectra = new Float32Array(kept.length * bands);
  const labels = new Float32Array(kept.length * count);
  kept.forEach((n, i) => {
    spectra.set(candidates.spectra.subarray(n * bands, (n + 1) * bands), i * bands);
    labels.set(abundances.subarray(n * count, (n + 1) * count), i * count);
  });
  const positions = Float64Array.from(kept, (n) => candidates.positions[n]!);
  return { candidates: { spectra, positions }, labels, dropped: zeroSums.length - kept.length };
}
