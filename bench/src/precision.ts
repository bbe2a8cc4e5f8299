// npm run bench:precision [-- --scenes jasper,samson --epochs 200 --rounds 15 RUN...]
// Exports networks in every precision and prints what that costs and gains: errors against float32 on pixels that nothing was fitted to, and
// the rate of the session alone in processor time, one thread, the precisions in turn. Networks are trained blind on the scenes named, or those of run folders.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BATCH_PIXELS, spectraInputs } from '@egunet/infer';
import { type OpenedModel, openModel } from '@egunet/infer-node';
import { PRECISIONS, type Precision } from '@egunet/models/card';
import { type Checkpoint, exportHead, fit, loadRun } from '@egunet/train';
import { prepareBlind } from './blind.js';
import { jasperRidge, type ReferenceScene, samson } from './scenes.js';
import { synthetic } from './simulated-scenes.js';
import { median, table } from './statistics.js';

const scenes: Record<string, () => Promise<ReferenceScene>> = { jasper: jasperRidge, samson, synthetic };

/** Runs of the model that are timed together. */
const RUNS = 50;

const { values, positionals: runs } = parseArgs({
  allowPositionals: true,
  options: {
    scenes: { type: 'string', default: 'jasper,samson' },
    epochs: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '15' },
  },
});

async function train(key: string): Promise<Checkpoint> {
  const scene = scenes[key];
  if (!scene) throw new Error(`no scene '${key}': one of ${Object.keys(scenes).join(', ')}`);
  const { set, facts } = await prepareBlind(await scene(), 1, { method: 'refined' });
  return (await fit(set, facts, { epochs: Number(values.epochs) })).checkpoint;
}

/** The probe's pixels, again and again, up to a batch. */
function batchOf({ probe, facts }: Checkpoint): Float32Array {
  return Float32Array.from({ length: BATCH_PIXELS * facts.bands.length }, (_, i) => probe[i % probe.length]!);
}

/** Mpixel of each model in a second of processor time, the median of the rounds, and the share of the first model's time that each takes in the median round. */
async function rates(models: readonly OpenedModel[], pixels: Float32Array): Promise<{ rate: number; ratio: number }[]> {
  const times: number[][] = models.map(() => []);
  for (let round = 0; round <= Number(values.rounds); round++)
    for (const [i, { session }] of models.entries()) {
      const began = process.cpuUsage(); // what else runs on the machine does not count
      for (let run = 0; run < RUNS; run++) await session.run(spectraInputs(pixels, BATCH_PIXELS));
      const { user, system } = process.cpuUsage(began);
      if (round > 0) times[i]!.push((user + system) / RUNS); // microseconds; the first round warms up
    }
  return times.map((own) => ({
    rate: BATCH_PIXELS / median(own),
    ratio: median(own.map((time, round) => times[0]![round]! / time)),
  }));
}

async function rowsOf(checkpoint: Checkpoint, folder: string): Promise<string[][]> {
  const models: OpenedModel[] = [];
  const sizes: number[] = [];
  for (const precision of PRECISIONS) {
    // No limits: a benchmark shows what there is.
    const limits = { maxMeanError: 1, maxError: 1 };
    const { bytes } = await exportHead(checkpoint, { ...limits, softwareVersion: '', created: new Date(0), precision });
    const path = join(folder, `${precision}.onnx`);
    await writeFile(path, bytes);
    sizes.push(bytes.length);
    models.push(await openModel(path, { threads: 1 }));
  }
  const measured = await rates(models, batchOf(checkpoint));
  for (const model of models) await model.release();
  const { name } = checkpoint.facts.scene;
  return PRECISIONS.map((precision: Precision, i) => {
    const { meanError, maxError } = models[i]!.card.quantisation ?? { meanError: 0, maxError: 0 };
    const { rate, ratio } = measured[i]!;
    const first = i === 0 ? `${name}, ${checkpoint.facts.bands.length} bands` : '';
    const cost = i === 0 ? ['', ''] : [String(meanError), String(maxError)];
    return [first, precision, ...cost, `${Math.round(sizes[i]! / 1000)}`, rate.toFixed(2), ratio.toFixed(2)];
  });
}

const folder = await mkdtemp(join(tmpdir(), 'egunet-precision-'));
try {
  const rows: string[][] = [];
  for (const run of runs) rows.push(...(await rowsOf((await loadRun(run)).checkpoint, folder)));
  for (const key of values.scenes.split(',').filter(Boolean)) rows.push(...(await rowsOf(await train(key), folder)));
  const header = ['scene', 'precision', 'mean error', 'largest error', 'file, kB', 'Mpixel/CPU s', 'times float32'];
  console.log(`${cpus()[0]!.model}, one thread, ${BATCH_PIXELS} pixels a run, medians of ${values.rounds} rounds.`);
  console.log(table(header, rows));
} finally {
  await rm(folder, { recursive: true, force: true });
}
