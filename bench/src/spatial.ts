// npm run bench:spatial [-- --scenes sim1,synthetic,jasper --forms guided,paper --poolings same,alternated,centred,none --seeds 1 --first-seed 1 --steps 100 --learning-rate 0.01 --weight-decay 0.005 --kernels 5,3,1 --decoder-kernels 1,3,5 --threads 1 --crop 100 --most-pixels 40000 --patch-size 64 --patches 4]
// Trains the convolutional forms of EGU-Net-ss blind, as bench:accuracy does the pixel-wise network, and prints a table. A scene larger than --crop
// is cropped to its upper left corner.
import { parseArgs } from 'node:util';
import { encodeModel } from '@egunet/export';
import { type ConvolutionalForm, FORMS, POOLINGS, type Pooling } from '@egunet/models';
import {
  convolutionalHeadGraph,
  DEFAULT_IMAGE_SETTINGS,
  evaluateAbundances,
  fitImages,
  type NetworkState,
} from '@egunet/train';
import * as ort from 'onnxruntime-node';
import { type BlindTraining, prepareBlind } from './blind.js';
import { sceneNamed } from './scene-list.js';
import { cropped, type ReferenceScene, readerOf } from './scenes.js';
import { spread, table } from './statistics.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: 'sim1,synthetic,jasper' },
    forms: { type: 'string', default: FORMS.join(',') },
    poolings: { type: 'string', default: POOLINGS.join(',') },
    seeds: { type: 'string', default: '1' },
    'first-seed': { type: 'string', default: '1' },
    steps: { type: 'string', default: '100' },
    'learning-rate': { type: 'string', default: '0.01' },
    'weight-decay': { type: 'string', default: '0.005' },
    kernels: { type: 'string', default: '5,3,1' },
    'decoder-kernels': { type: 'string', default: '1,3,5' },
    threads: { type: 'string', default: '1' },
    crop: { type: 'string', default: '100' },
    'most-pixels': { type: 'string', default: `${DEFAULT_IMAGE_SETTINGS.mostPixels}` },
    'patch-size': { type: 'string', default: `${DEFAULT_IMAGE_SETTINGS.patchSize}` },
    patches: { type: 'string', default: `${DEFAULT_IMAGE_SETTINGS.patches}` },
  },
});

interface Score {
  readonly nnls: number;
  /** By exact statistics, and by moving averages. */
  readonly exact: number;
  readonly averages: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Abundances [N, C] of the whole scene by the exported head. */
async function unmix(state: NetworkState, { rows, cols, bands, spectra }: ReferenceScene): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(encodeModel(convolutionalHeadGraph(state)), {
    intraOpNumThreads: 1,
  });
  try {
    const image = new ort.Tensor('float32', spectra, [rows, cols, bands]);
    const valid = new ort.Tensor('float32', new Float32Array(rows * cols).fill(1), [rows, cols]);
    return (await session.run({ image, valid })).abundances!.data as Float32Array;
  } finally {
    await session.release();
  }
}

const sides = (text: string) => text.split(',').map(Number) as [number, number, number];

/** One training, scored with the scene's reference. */
async function score(
  scene: ReferenceScene,
  { set, found }: BlindTraining,
  variant: { form: ConvolutionalForm; pooling: Pooling; seed: number },
): Promise<Score> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const bands = Array.from({ length: scene.bands }, (_, i) => i);
  const trained = await fitImages(
    set,
    { reader: readerOf(scene), bands, positions: found.positions },
    {
      ...variant,
      steps: Number(values.steps),
      learningRate: Number(values['learning-rate']),
      weightDecay: Number(values['weight-decay']),
      kernels: sides(values.kernels),
      decoderKernels: sides(values['decoder-kernels']),
      threads: Number(values.threads),
      mostPixels: Number(values['most-pixels']),
      patchSize: Number(values['patch-size']),
      patches: Number(values.patches),
    },
  );
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1000;
  const { spectra, reference, materials: names, referenceEndmembers } = scene;
  const evaluate = async (state: NetworkState) =>
    evaluateAbundances({
      abundances: await unmix(state, scene),
      ...{ reference, names, spectra, referenceEndmembers, endmembers: found.endmembers },
    });
  const exact = await evaluate(trained);
  const averages = await evaluate({ ...trained, moving: trained.averages });
  return {
    nnls: exact.baseline!.figures[0]!.value,
    exact: exact.figures[0]!.value,
    averages: averages.figures[0]!.value,
    seconds,
    cpuSeconds: (user + system) / 1e6,
  };
}

const numbers = Array.from({ length: Number(values.seeds) }, (_, i) => Number(values['first-seed']) + i);

/** The rows of one scene. */
async function rowsOf(key: string): Promise<string[][]> {
  const scene = cropped(await sceneNamed(key), Number(values.crop));
  const blind = await Promise.all(numbers.map((seed) => prepareBlind(scene, seed, { method: 'refined' })));
  const rows: string[][] = [];
  for (const form of values.forms.split(',') as ConvolutionalForm[])
    for (const pooling of values.poolings.split(',') as Pooling[]) {
      const scores: Score[] = [];
      for (const [i, seed] of numbers.entries()) {
        scores.push(await score(scene, blind[i]!, { form, pooling, seed }));
        console.error(`${scene.name} ${form} ${pooling} seed ${seed}: ${JSON.stringify(scores.at(-1))}`);
      }
      const of = (figure: keyof Score) => spread(scores.map((one) => one[figure]));
      const whole = (figure: keyof Score) => scores.map((one) => one[figure].toFixed(0)).join(', ');
      const figures = [of('nnls'), of('exact'), of('averages'), whole('seconds'), whole('cpuSeconds')];
      rows.push([`${scene.name} ${scene.rows} x ${scene.cols}`, form, pooling, ...figures]);
    }
  return rows;
}

const header = ['scene', 'form', 'pooling', 'NNLS labels', 'exact statistics', 'moving averages', 's', 'CPU s'];
const rows: string[][] = [];
for (const key of values.scenes.split(',')) rows.push(...(await rowsOf(key)));
console.log(
  `aRMSE (eq. 9), ${numbers.length} seed(s), ${values.steps} steps, kernels ${values.kernels}, decoder ${values['decoder-kernels']}\n`,
);
console.log(table(header, rows));
console.log(`\nPeak memory of the process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB.`);
