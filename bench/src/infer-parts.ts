// node bench/dist/infer-parts.js SCENE MODEL: processor seconds of the parts of unmixing a scene on one thread; one line of JSON.
import { planUnmixing, spectraInputs } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import { openScene } from '@egunet/raster/node';

async function seconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const [path, modelPath] = process.argv.slice(2) as [string, string];
const scene = await openScene(path, { reflectanceScale: 1e-4 });
const { card, session } = await openModel(modelPath, { threads: 1 });
const { rows, cols } = scene;
const window = { row: 0, col: 0, rows, cols };
const { tiles, plan, batch } = planUnmixing(scene, { card, window });
let valid = 0;
const reading = await seconds(async () => {
  for (const tile of tiles) for await (const { count } of scene.streamSpectra(tile, plan.bands, batch)) valid += count;
});
const spectra = new Float32Array(batch * card.bands.length).map((_, i) => (((i * 7919) % 3000) + 1) / 1e4);
await session.run(spectraInputs(spectra, batch));
const running = await seconds(async () => {
  for (let done = 0; done < valid; done += batch) await session.run(spectraInputs(spectra, batch));
});
console.log(JSON.stringify({ pixels: rows * cols, valid, reading, running }));
process.exit();
