// node bench/dist/gpu-network.js DEVICE MODEL BATCHES MATRIX MIB: what a device of onnxruntime-node makes of a model, and what it can do at best; one line of JSON.
// BATCHES are pixels a run (512,8192), MATRIX a side of the products that tell the limit of arithmetic, MIB what is carried to the device and back to tell that of the way.
import {
  addConstant,
  addInput,
  addNode,
  addOutput,
  createBuilder,
  encodeModel,
  finishGraph,
  float32Tensor,
} from '@egunet/export';
import { spectraInputs } from '@egunet/infer';
import { type Device, openModel } from '@egunet/infer-node';
import { InferenceSession, Tensor } from 'onnxruntime-node';
// A part of the command line that is nobody's else.
import { useNvidia } from '../../cli/dist/setup/nvidia.js';
import { median } from './statistics.js';

/** Timed at least so often, and for so long, ms. */
const [ROUNDS, LONG_ENOUGH] = [5, 500];

/** Median milliseconds of a repeated piece of work, after two that are not counted. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 2; i++) await work();
  const times: number[] = [];
  for (const end = performance.now() + LONG_ENOUGH; times.length < ROUNDS || performance.now() < end; ) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** Numbers in [0.01, 0.31), the same on every run. */
const numbers = (count: number): Float32Array =>
  new Float32Array(count).map((_, i) => (((i * 7919) % 3000) + 100) / 1e4);

/** Time of a graph of one input X [rows, cols] on the device, ms; `build` adds its nodes and names the output. */
async function timeGraph(
  device: Device,
  [rows, cols]: readonly [number, number],
  build: (graph: ReturnType<typeof createBuilder>, input: string) => string,
): Promise<number> {
  const graph = createBuilder('limit');
  const input = addInput(graph, { name: 'x', type: 'float32', shape: [rows, cols] });
  addOutput(graph, { name: build(graph, input), type: 'float32', shape: [rows, cols] });
  const session = await InferenceSession.create(encodeModel(finishGraph(graph)), {
    executionProviders: [device],
    graphOptimizationLevel: 'disabled', // products are not to be joined
    logSeverityLevel: 4,
  });
  const feeds = { [input]: new Tensor('float32', numbers(rows * cols), [rows, cols]) };
  const ms = await timeOf(() => session.run(feeds));
  await session.release();
  return ms;
}

const MORE_PRODUCTS = 8;

/** float32 products, GFLOP/s: by how much longer nine in a row take than one, so that what is carried does not count. */
async function arithmeticLimit(device: Device, side: number): Promise<number> {
  const products = (count: number) =>
    timeGraph(device, [side, side], (graph, input) => {
      const weights = addConstant(
        graph,
        float32Tensor(
          numbers(side * side).map((x) => x / side),
          [side, side],
        ),
      );
      let at = input;
      for (let i = 0; i < count; i++) at = addNode(graph, 'MatMul', [at, weights]);
      return at;
    });
  const [one, more] = [await products(1), await products(1 + MORE_PRODUCTS)];
  return (MORE_PRODUCTS * 2 * side ** 3) / ((more - one) * 1e6);
}

/** Mebibytes a second, carried to the device and back: a negation of so many. */
async function carryingLimit(device: Device, mib: number): Promise<number> {
  const ms = await timeGraph(device, [mib * 2 ** 8, 2 ** 10], (graph, input) => addNode(graph, 'Neg', [input]));
  return (2 * mib * 1000) / ms;
}

const [device, path, batches, side, mib] = process.argv.slice(2) as [Device, string, string, string, string];
if (device === 'cuda') await useNvidia();
const { card, session } = await openModel(path, { device });
const here = await openModel(path);
const B = card.bands.length;
const widths = [B, ...card.network.layers];
const flop = widths.slice(1).reduce((sum, width, layer) => sum + 2 * width * widths[layer]!, 0);

const runs = [];
let largestDifference = 0;
for (const pixels of batches.split(',').map(Number)) {
  const inputs = spectraInputs(numbers(pixels * B), pixels);
  const [got, expected] = [(await session.run(inputs)).slice(), await here.session.run(inputs)];
  for (const [i, value] of got.entries())
    largestDifference = Math.max(largestDifference, Math.abs(value - expected[i]!));
  const ms = await timeOf(() => session.run(inputs));
  runs.push({
    pixels,
    megapixels: pixels / ms / 1e3,
    gflops: (flop * pixels) / ms / 1e6,
    mib: (4 * B * pixels) / 2 ** 20 / (ms / 1e3),
  });
}
const limits = { gflops: await arithmeticLimit(device, Number(side)), mib: await carryingLimit(device, Number(mib)) };
console.log(JSON.stringify({ device, runs, limits, largestDifference }));
process.exit();
