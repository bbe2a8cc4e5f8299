// node bench/dist/train-steps.js THREADS STEPS: times whole training steps on Jasper Ridge's size; prints one line of JSON.
// A step is everything: batch gathering, dropout draws, both streams, gradients, Adam, moving averages, and what surrounds the graph.
import { findEndmembers, fit, sampleScene } from '@egunet/train';
import { jasperRidge, readerOf } from './scenes.js';
import { median } from './statistics.js';

const BATCH = 2000;

const [threads, steps] = process.argv.slice(2).map(Number) as [number, number];
const scene = await jasperRidge();
const { rows, cols, bands, materials } = scene;
const indices = Array.from({ length: bands }, (_, i) => i);
const sample = await sampleScene(readerOf(scene), { bands: indices, seed: 1, maxPixels: rows * cols });
const found = await findEndmembers(sample, { seed: 1, count: materials.length });
const stepsAnEpoch = Math.floor((rows * cols) / BATCH);
const warmUp = 4;
const epochs = warmUp + Math.ceil(steps / stepsAnEpoch);
const times: number[] = [];
const set = {
  bands,
  endmembers: found.count,
  pixels: sample.pixels,
  candidates: found.candidates,
  labels: found.labels,
};
const facts = {
  sensor: null,
  bands: indices.map(() => ({ wavelength: null, fwhm: null })),
  endmembers: found.names.map((name) => ({ name, spectrum: indices.map(() => 0) })),
  endmemberMethod: found.method,
  scene: { name: scene.name, rows, cols, pixelSize: null },
  pixels: rows * cols,
  candidates: found.candidates.length / bands,
};
let before = 0;
await fit(set, facts, {
  threads,
  epochs,
  batch: BATCH,
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
