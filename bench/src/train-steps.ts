// node bench/dist/train-steps.js THREADS STEPS [ENGINE]: times whole training steps on Jasper Ridge's size; prints one line of JSON.
// A step is everything: batch gathering, dropout draws, both streams, gradients, Adam, moving averages, and what surrounds the graph. ENGINE is one that `egunet doctor` names, onnx-cpu unless given; 0 threads: all cores.
import { fit } from '@egunet/train';
// A part of the command line that is nobody's else.
import type { EngineId } from '../../cli/dist/doctor/ids.js';
import { engineMaker } from '../../cli/dist/doctor/try-engine.js';
import { prepareBlind } from './blind.js';
import { jasperRidge } from './scenes.js';
import { median } from './statistics.js';

const BATCH = 2000;

const [threads, steps] = process.argv.slice(2, 4).map(Number) as [number, number];
const id = (process.argv[4] ?? 'onnx-cpu') as EngineId;
const scene = await jasperRidge();
const { rows, cols, bands } = scene;
const { set, facts } = await prepareBlind(scene, 1);
const stepsAnEpoch = Math.floor((rows * cols) / BATCH);
const warmUp = 4;
const epochs = warmUp + Math.ceil(steps / stepsAnEpoch);
const times: number[] = [];
let before = 0;
await fit(set, facts, {
  engine: await engineMaker(id, { threads }),
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
    engine: id,
    threads,
    bands,
    batch: BATCH,
    pure: facts.candidates,
    steps: counted.length * stepsAnEpoch,
    ms_per_step: median(counted),
  }),
);
process.exit(); // TensorFlow's threads would keep it
