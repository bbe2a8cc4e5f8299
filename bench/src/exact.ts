// npm run bench:exact [-- --rounds 5 --peers FOLDER]
// Exact least squares as a model file beside numpy's (../shared/peers/unmix_classic.py): spectra float32 in memory, 224 bands, one thread each, whole processes, in turn.
// Legend: n pixels, B bands, C endmembers.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeModel } from '@egunet/export';
import type { ExactMethod } from '@egunet/models/card';
import { createRandom, exactHeadGraph, exactUnmixing } from '@egunet/train';
import * as ort from 'onnxruntime-node';
import { inRange, median, table } from './statistics.js';
import { inTurn, lastLine, peerScripts, run, SCENE_OPTIONS } from './timed.js';

const { values } = parseArgs({ options: { ...SCENE_OPTIONS, child: { type: 'string' } } });
const BANDS = 224;
/** Pixels a run, and runs that are timed. */
const [PIXELS, RUNS] = [512, 3000];

/** numpy's products have threads of their own. */
const ONE_THREAD = ['OPENBLAS_NUM_THREADS=1', 'OMP_NUM_THREADS=1'];

/** Smooth endmembers [C, B], as different as soils are. */
function endmembersOf(C: number): Float32Array {
  const random = createRandom(C);
  const waves = Array.from({ length: C }, () => Array.from({ length: 4 }, () => random.uniform()));
  return Float32Array.from({ length: C * BANDS }, (_, i) => {
    const [level, slope, depth, place] = waves[Math.floor(i / BANDS)]! as [number, number, number, number];
    const t = (i % BANDS) / BANDS;
    return 0.1 + 0.4 * level + 0.3 * slope * t - 0.2 * depth * Math.exp(-(((t - place) / 0.08) ** 2));
  });
}

/** Mixtures with noise [n, B]. */
function pixelsOf(endmembers: Float32Array, C: number): Float32Array {
  const random = createRandom(1);
  const pixels = new Float32Array(PIXELS * BANDS);
  for (let p = 0; p < PIXELS; p++) {
    const draws = Array.from({ length: C }, () => (-Math.log(1 - random.uniform())) ** 1.5);
    const sum = draws.reduce((a, b) => a + b, 0);
    for (let b = 0; b < BANDS; b++)
      for (let c = 0; c < C; c++) pixels[p * BANDS + b]! += (draws[c]! / sum) * endmembers[c * BANDS + b]!;
  }
  return pixels.map((value) => value + 0.004 * random.normal());
}

/** Mpixel/s of one method, in this process. */
async function rate(method: ExactMethod, C: number): Promise<number> {
  const endmembers = endmembersOf(C);
  const graph = exactHeadGraph(exactUnmixing(endmembers, C, method), method);
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await ort.InferenceSession.create(encodeModel(graph), options);
  const spectra = new ort.Tensor('float32', pixelsOf(endmembers, C), [PIXELS, BANDS]);
  for (let i = 0; i < RUNS / 10; i++) await session.run({ spectra });
  const began = performance.now();
  for (let i = 0; i < RUNS; i++) await session.run({ spectra });
  return (PIXELS * RUNS) / 1000 / (performance.now() - began);
}

if (values.child) {
  const [method, C] = values.child.split(' ');
  console.log(JSON.stringify({ mpx_s: await rate(method as ExactMethod, Number(C)) }));
} else {
  const own = fileURLToPath(import.meta.url);
  const python = join(values.peers, 'bin/python');
  const classic = join(peerScripts, 'unmix_classic.py');
  const measure = (program: string, args: readonly string[]) => (): number =>
    JSON.parse(lastLine(run(program, args).stdout)).mpx_s;
  const contenders = (['nnls', 'fcls'] as const).flatMap((method) => [
    ...[4, 5, 8].map((C) => ({ name: `egunet ${method}, ${C}`, measure: measure(process.execPath, [own, '--child', `${method} ${C}`]) })), // biome-ignore format: one line says more
    { name: `numpy ${method}, 5`, measure: measure('env', [...ONE_THREAD, python, classic, '--methods', `numpy-${method}`, '--threads', '1']) }, // biome-ignore format: one line says more
  ]);
  const found = inTurn(Number(values.rounds), contenders, (speed) => `${speed.toFixed(2)} Mpixel/s`);
  const rival = (name: string) =>
    median(found[contenders.findIndex((one) => one.name === `numpy ${name.split(' ')[1]!.replace(',', '')}, 5`)]!);
  const rows = contenders.map(({ name }, i) => [
    name,
    inRange(found[i]!, 2),
    name.endsWith(' 5') ? (median(found[i]!) / rival(name)).toFixed(2) : '',
  ]);
  console.log(table(['method, endmembers', 'Mpixel/s', "of numpy's"], rows));
}
