// The network beside NNLS with the same endmembers on pixels that the run keeps. Legend: n pixels, B bands, C endmembers.
import { type Checkpoint, evaluateNetwork, nnlsAbundances } from '@egunet/train';
import type { Report } from '../../report/page.js';

const shown = (value: number): string => value.toFixed(4);

/** A table of what the two give on the run's own pixels, and what its figures mean; nothing for a network of images, which keeps no single pixels. */
export async function probeFigures(checkpoint: Checkpoint): Promise<Pick<Report, 'metrics' | 'definitions'>> {
  const { facts, probe, settings } = checkpoint;
  if (settings.model === 'ss-paper') return { metrics: [], definitions: [] };
  const [B, C] = [facts.bands.length, facts.endmembers.length];
  const endmembers = Float32Array.from(facts.endmembers.flatMap(({ spectrum }) => [...spectrum]));
  const network = await evaluateNetwork(checkpoint, probe); // [n, C]
  const { abundances: nnls } = nnlsAbundances(endmembers, probe, B); // [n, C]
  const n = probe.length / B;
  const over = (values: (i: number) => number, c?: number) => {
    let sum = 0;
    for (let i = c ?? 0; i < n * C; i += c === undefined ? 1 : C) sum += values(i);
    return sum / (c === undefined ? n * C : n);
  };
  const row = (c?: number) => [
    shown(over((i) => network[i]!, c)),
    shown(over((i) => nnls[i]!, c)),
    shown(Math.sqrt(over((i) => (network[i]! - nnls[i]!) ** 2, c))),
  ];
  const of = facts.library ? `mixtures of the library's spectra` : 'training pixels';
  return {
    metrics: [
      {
        title: `Beside NNLS, on ${n} ${of}`,
        header: [facts.library ? 'class' : 'endmember', 'mean, network', 'mean, NNLS', 'RMSE between'],
        rows: [...facts.endmembers.map(({ name }, c) => [name, ...row(c)]), ['all', ...row()]],
      },
    ],
    definitions: [
      {
        term: 'RMSE between',
        definition: `square root of the mean squared difference of the network's abundances from those of NNLS with the spectra shown, divided by their sum; ${settings.model === 'ss' ? 'before the spatial layer; ' : ''}no error of either: neither is the truth`,
      },
    ],
  };
}
