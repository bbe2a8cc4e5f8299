// node bench/dist/train-steps.js THREADS STEPS: times whole training steps on Jasper Ridge's size; prints one line of JSON.
// A step is everything: batch gathering, dropout draws, both streams, gradients, Adam, moving averages, and what surrounds the graph.
import { fit } from '@egunet/train';
import { prepareBlind } from './blind.js';
import { jasperRidge } from './scenes.js';
import { median } from './statistics.js';

const BATCH = 2000;

const [threads, steps] = process.argv.slice(2).map(Number) as [number, number];
const scene = await jasperRidge();
const { rows, cols, bands } = scene;
const { set, facts } = await prepareBlind(scene, 1);
const stepsAnEpoch = Math.floor((rows * cols) / BATCH);
const warmUp = 4;
const epochs = warmUp + Math.ceil(steps / stepsAnEpoch);
const times: number[] = [];
let before = 0;
await fit(set, facts, {
  threads,
  epochs,
  batch: BATCH,
  candidateBatch: facts.candidates,
  onEpoch: ({ seconds }) => {
    times.push(((seconds - before) * 1000) / stepsAnEpoch);
    before = seconds;
  },
});
const counted = times.slice(warmUp);
console.log(
  JSON.stringify({
    threads,
    bands,
    batch: BATCH,
    pure: facts.candidates,
    steps: counted.length * stepsAnEpoch,
    ms_per_step: median(counted),
  }),
);
