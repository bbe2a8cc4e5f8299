import { lineChart } from './chart.js';

/** One epoch's mean losses. */
export interface LossPoint {
  readonly epoch: number;
  readonly loss: number;
  readonly crossEntropy: number;
  readonly reconstruction: number;
}

/** Loss curves as SVG, logarithmic. */
export function lossChart(history: readonly LossPoint[]): Promise<string> {
  const line = (name: string, pick: (point: LossPoint) => number) => ({
    name,
    points: history.map((point): [number, number] => [point.epoch, pick(point)]),
  });
  return lineChart(
    [
      line('total', (p) => p.loss),
      line('cross-entropy (E-Net)', (p) => p.crossEntropy),
      line('reconstruction (UR-Net)', (p) => p.reconstruction),
    ],
    { x: 'epoch', y: 'loss', log: true },
  );
}
