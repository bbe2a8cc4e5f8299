// npm run bench:web [-- --rounds 2 --devices wasm,webgpu --chromium /usr/bin/chromium --gpu software|any]
// The same models in a real browser (WebAssembly with one thread and with all, float32 and int8; WebGPU) and in Node.js, on a simulated EnMAP
// scene of 512 x 512 pixels that `egunet serve` gives the page. WebGPU runs on SwiftShader, a GPU in software, unless told otherwise: its figures
// then say nothing about GPUs, and it is asked for a small part of the scene, once.
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { median, table } from './statistics.js';
import { panViewer } from './web-panning.js';
import { type PageOptions, type PageRound, type Round, roundInNode, roundInPage, WATCHED } from './web-rounds.js';
import { makeFiles, openStage, type Precision, SIDE } from './web-setup.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    devices: { type: 'string', default: 'wasm,webgpu' },
    chromium: { type: 'string', default: process.env.EGUNET_CHROMIUM ?? '/usr/bin/chromium' },
    gpu: { type: 'string', default: 'software' },
  },
});
const rounds = Number(values.rounds);
const software = values.gpu === 'software';
/** Pixels a side that a GPU in software is asked for. */
const SOFTWARE_SIDE = 32;

const all = availableParallelism();
const threadCounts = [...new Set([1, all])];
const precisions: readonly Precision[] = ['float32', 'int8'];

interface Way extends Omit<PageOptions, 'watch'> {
  readonly name: string;
  readonly rounds: number;
}

const named = (runtime: string, threads: number, precision: Precision): string =>
  `${runtime}, ${threads} thread${threads > 1 ? 's' : ''}, ${precision}`;

const wasmWays = precisions.flatMap((precision) =>
  threadCounts.map((threads): Way => {
    const name = named('WebAssembly', threads, precision);
    return { name, device: 'wasm', threads, precision, side: SIDE, rounds };
  }),
);
const webgpuWay: Way = {
  ...{ name: 'WebGPU', device: 'webgpu', threads: 1, precision: 'float32' },
  ...(software ? { side: SOFTWARE_SIDE, rounds: 1 } : { side: SIDE, rounds }),
};
const devices = values.devices.split(',');
const ways = [...wasmWays, webgpuWay].filter(({ device }) => devices.includes(device));

console.error('making the scene and the models');
const files = await makeFiles();
const stage = await openStage(values.chromium, software ? 'software' : 'any');
const inNode = new Map<string, Round[]>();
const inPage = new Map<string, PageRound[]>();
const add = <T>(map: Map<string, T[]>, key: string, one: T) => map.set(key, [...(map.get(key) ?? []), one]);
for (let round = 0; round < rounds; round++) {
  const begin = (name: string) => console.error(`round ${round + 1} of ${rounds}: ${name}`);
  for (const precision of precisions)
    for (const threads of threadCounts) {
      const name = named('onnxruntime-node', threads, precision);
      begin(name);
      add(inNode, name, await roundInNode({ scene: files.scene, model: files.modelOf(precision) }, threads));
    }
  for (const way of ways.filter((one) => round < one.rounds)) {
    begin(way.name);
    const watch = round === 0 && way.device === 'wasm' && way.precision === 'float32' && way.threads === all;
    add(inPage, way.name, await roundInPage(stage, { ...way, watch }));
  }
}
console.error('moving the viewer');
const panning = await panViewer(stage);
const version = stage.browser.version();
await stage.close();

const of = <T>(list: readonly T[], what: (one: T) => number) => median(list.map(what));
const digits = (value: number): string => Number(value.toPrecision(3)).toString();
const rows = [...inNode].map(([name, list]) => [
  ...[name, `${SIDE} x ${SIDE}`, digits(of(list, (one) => one.model)), digits(of(list, (one) => one.view))],
  ...['', '', '', '', ''],
]);
for (const { name, threads, precision, device, side } of ways) {
  const list = inPage.get(name)!;
  const [{ adapter, memory }] = list as [PageRound];
  const model = of(list, (one) => one.model);
  const same = of(inNode.get(named('onnxruntime-node', threads, precision))!, (one) => one.model);
  rows.push([
    device === 'webgpu' ? `WebGPU on ${adapter}${software ? ': in software, says nothing about GPUs' : ''}` : name,
    `${side} x ${side}`,
    digits(model),
    digits(of(list, (one) => one.view)),
    device === 'wasm' ? digits(same / model) : '',
    of(list, (one) => one.first).toFixed(2),
    of(list, (one) => one.whole).toFixed(2),
    `${Math.max(...list.map((one) => one.longTasks))}`,
    memory ? `${memory.before.toFixed(0)} -> ${memory.after.toFixed(0)}` : '',
  ]);
}
console.log(`
${SIDE} x ${SIDE} pixels of 224 bands in blocks of 256; medians of ${rounds} rounds. ${all} x ${cpus()[0]!.model}, Chromium ${version}.
`);
console.log(
  table(
    [
      ...['runtime', 'view, pixels', 'model alone, Mpixel/s', 'view, Mpixel/s'],
      ...['times slower than onnxruntime-node, model', 'page to first window, s', 'page to whole view, s'],
      ...['long tasks', `MB before and after ${WATCHED} windows`],
    ],
    rows,
  ),
);
console.log(`
The viewer on WebAssembly, 1200 x 800 pixels: abundances of all that is in view ${panning.whole.toFixed(2)} s after the page was opened. While it is dragged
and zoomed: JavaScript of the page ran for ${panning.script.toFixed(0)} ms at most without a break; ${panning.longTasks} tasks took 50 ms or more with what WebGL
draws${software ? ', in software here: those say nothing about GPUs' : ''}.`);
