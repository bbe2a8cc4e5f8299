// Whether a model runs on a device of onnxruntime-node, and gives there what the CPU gives.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spectraInputs } from '@egunet/infer';
import { type Device, openModel } from '@egunet/infer-node';
import { env } from 'onnxruntime-node';
import { findOnnxruntime, missingForCuda } from '../setup/cuda.js';
import { useNvidia } from '../setup/nvidia.js';
import type { Finding } from './finding.js';
import { somePixels, tinyModel } from './tiny-model.js';

/** Pixels of the run that is compared. */
const PIXELS = 512;
/** What abundances may differ by from the CPU's. */
const TOLERANCE = 1e-3;

/** What brings a device; undefined for the CPU. */
export async function remedyOf(device: Device): Promise<string | undefined> {
  if (device === 'cuda')
    return (
      (await missingForCuda(await findOnnxruntime())) ?? 'an NVIDIA GPU with its driver, of which nvidia-smi tells'
    );
  if (device === 'webgpu')
    return 'a GPU with its driver; on Linux apt-get install libvulkan1, and mesa-vulkan-drivers for AMD and Intel';
  return undefined;
}

/** Runs a small model on a device, nothing of it on the CPU instead, and compares. */
export async function tryDevice(device: Device): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'egunet-doctor-'));
  const path = join(folder, 'tiny.onnx');
  try {
    if (device === 'cuda') await useNvidia();
    env.logLevel = 'fatal'; // what fails is thrown besides
    await writeFile(path, await tinyModel());
    const expected = await runOn('cpu', path);
    const got = device === 'cpu' ? expected : await runOn(device, path);
    const difference = got.abundances.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - expected.abundances[i]!)),
      0,
    );
    const figures = { largestDifference: difference, runMs: got.runMs };
    if (!(difference <= TOLERANCE))
      return {
        id: device,
        works: false,
        says: `wrong results: abundances differ from the CPU's by ${difference}`,
        figures,
      };
    const beside = device === 'cpu' ? '' : `, abundances as the CPU's within ${difference.toExponential(0)}`;
    return { id: device, works: true, says: `runs a model${beside}`, figures };
  } catch (error) {
    const why = (error as Error).message
      .replace(`${path}: `, '')
      .replace(/; (it needs|--device|copy or export).*$/s, '');
    const remedy = await remedyOf(device).catch(() => undefined); // on a system that CUDA is not for
    return { id: device, works: false, says: why, ...(remedy && { remedy }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Abundances [PIXELS, C], and the time of a second run, ms. */
async function runOn(device: Device, path: string): Promise<{ abundances: Float32Array; runMs: number }> {
  const { session, release } = await openModel(path, { device, threads: 1 });
  try {
    const inputs = spectraInputs(somePixels(PIXELS), PIXELS);
    const abundances = (await session.run(inputs)).slice();
    const started = performance.now();
    await session.run(inputs);
    return { abundances, runMs: performance.now() - started };
  } finally {
    await release();
  }
}
