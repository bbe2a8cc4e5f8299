import { lineChart } from './chart.js';

/** One epoch's mean losses. */
export interface LossPoint {
  readonly epoch: number;
  readonly loss: number;
  readonly crossEntropy: number;
  /** Of networks that reconstruct. */
  readonly reconstruction?: number;
}

/** Loss curves as SVG, logarithmic where a network reconstructs, whose losses are orders apart; `round` is what they are counted in. */
export function lossChart(history: readonly LossPoint[], round = 'epoch'): Promise<string> {
  const reconstructs = history.some(({ reconstruction }) => reconstruction !== undefined);
  const line = (name: string, pick: (point: LossPoint) => number) => ({
    name,
    points: history.map((point): [number, number] => [point.epoch, pick(point)]),
  });
  return lineChart(
    [
      line('total', (p) => p.loss),
      line(reconstructs ? 'cross-entropy (E-Net)' : 'cross-entropy', (p) => p.crossEntropy),
      ...(reconstructs ? [line('reconstruction (UR-Net)', (p) => p.reconstruction ?? 0)] : []),
    ],
    { x: round, y: 'loss', log: reconstructs },
  );
}
