// node bench/dist/image-steps.js THREADS STEPS: times training steps of the guided convolutional EGU-Net-ss on Jasper Ridge; prints one line of JSON.
// A step is everything: dropout draws, gradients, Adam, moving averages, and what surrounds the graph.
import { fitImages } from '@egunet/train';
import { prepareBlind } from './blind.js';
import { jasperRidge, readerOf } from './scenes.js';
import { median } from './statistics.js';

const WARM_UP = 2;

const [threads, steps] = process.argv.slice(2).map(Number) as [number, number];
const scene = await jasperRidge();
const { set, found } = await prepareBlind(scene, 1);
const bands = Array.from({ length: scene.bands }, (_, i) => i);
const ends: { wall: number; cpu: number }[] = [];
const now = () => {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
};
await fitImages(
  set,
  { reader: readerOf(scene), bands, positions: found.positions },
  { threads, steps: WARM_UP + steps, onStep: () => ends.push(now()) },
);
const between = (clock: 'wall' | 'cpu') =>
  median(ends.slice(WARM_UP).map((end, i) => end[clock] - ends[WARM_UP + i - 1]![clock]));
console.log(JSON.stringify({ threads, steps, ms_per_step: between('wall'), cpu_ms_per_step: between('cpu') }));
