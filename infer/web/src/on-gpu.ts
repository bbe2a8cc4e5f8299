// A model on WebGPU: the ways to run it, the fastest first, each of which must give what the processor gives. Legend: B bands, C endmembers.
import {
  BATCH_PIXELS,
  firstLine,
  InferError,
  type InputTensor,
  imageInputs,
  type Session,
  spectraInputs,
} from '@egunet/infer';
import { hasSpread, type ModelCard } from '@egunet/models/card';
import { type Gpu, openGpu } from './gpu.js';
import { gpuOptions } from './gpu-session.js';
import { type GpuRunner, makeGpuRunner, type StoredWindow } from './gpu-unmix.js';
import type { Onnxruntime } from './runtime.js';
import { type ModelFile, openSession } from './session.js';

/**
 * How a model runs on WebGPU. `graph`: samples are uploaded as they are stored, the rest is done on the GPU, and its kernels are recorded once
 * and given to it at once; `buffers`: the same, unrecorded; `float32`: spectra are made on this side, the reference.
 */
export const GPU_PATHS = ['graph', 'buffers', 'float32'] as const;

export type GpuPath = (typeof GPU_PATHS)[number];

/** Abundances of a GPU must not differ by more from the processor's. */
const TOLERANCE = 1e-3;

export interface ModelOnGpu {
  readonly gpu: Gpu;
  readonly path: GpuPath;
  readonly session: Session;
  /** Absent on the path `float32`. */
  readonly runner?: GpuRunner;
  /** Why no faster path. */
  readonly reasons: readonly string[];
}

/** How the probe is stored. */
const GAIN = 1e-4;

/** Samples [n, B] that show whether a device computes rightly: the model's own endmembers, in many brightnesses. */
function probeOf({ endmembers, bands }: ModelCard, n: number): Int16Array {
  const B = bands.length;
  const samples = new Int16Array(n * B);
  for (let i = 0; i < n; i++)
    for (const [b, value] of endmembers[i % endmembers.length]!.spectrum.entries())
      samples[i * B + b] = Math.max(0, Math.min(32767, (value * (1 - i / (2 * n))) / GAIN));
  return samples;
}

/** A probe as a window of a scene whose bands are the model's. */
function windowOf(data: Int16Array, n: number): StoredWindow {
  const bands = data.length / n;
  const numbers = Array.from({ length: bands }, (_, index) => index);
  return {
    block: { rows: 1, cols: n, bands, data },
    read: numbers.map((index) => ({ index, name: '', bad: false, gain: GAIN, offset: 0 })),
    plan: { bands: numbers },
  };
}

/** Columns of the probe as an image. */
const PROBE_COLS = 32;

/** A probe's spectra [n, B] as the model takes them: a spatial one sees each beside others. */
function inputsOf({ kind }: ModelCard, spectra: Float32Array, n: number): InputTensor[] {
  if (kind === 'pixel') return spectraInputs(spectra, n);
  return imageInputs(
    { image: spectra, valid: new Float32Array(n).fill(1) },
    { rows: n / PROBE_COLS, cols: PROBE_COLS },
  );
}

/** What the processor makes of the probe: WebGPU may compute nonsense in silence, such as zeros in half precision. */
async function referenceFor(ort: Onnxruntime, file: ModelFile, spectra: Float32Array): Promise<Float32Array> {
  const session = await openSession(ort, file, { executionProviders: ['wasm'] });
  try {
    return await session.run(inputsOf(file.card, spectra, BATCH_PIXELS));
  } finally {
    await session.release();
  }
}

function assertSame(got: Float32Array, expected: Float32Array): void {
  const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] ?? Number.NaN))), 0);
  if (!(largest <= TOLERANCE))
    throw new InferError(
      `abundances differ by ${largest} from the processor's: the GPU or its driver computes wrongly`,
    );
}

interface Opened extends Pick<ModelOnGpu, 'session' | 'runner'> {
  /** Abundances of the probe's samples. */
  try(samples: Int16Array, spectra: Float32Array): Promise<Float32Array>;
}

async function openPath(
  path: GpuPath,
  { ort, gpu, file }: { readonly ort: Onnxruntime; readonly gpu: Gpu; readonly file: ModelFile },
): Promise<Opened> {
  if (path === 'float32') {
    const session = await openSession(ort, file, gpuOptions(gpu));
    return { session, try: (_, spectra) => session.run(inputsOf(file.card, spectra, BATCH_PIXELS)) };
  }
  const runner = makeGpuRunner({ ort, gpu, ...file, capture: path === 'graph' });
  return {
    session: { run: ([spectra]) => runner.run(spectra!.data, spectra!.shape[0]!), release: runner.release },
    runner,
    async try(samples) {
      const kept = await runner.unmix(windowOf(samples, BATCH_PIXELS), {});
      return kept.read().finally(kept.destroy);
    },
  };
}

/** The ways that a model can go: those from stored samples make spectra of single pixels, and give abundances alone. Throws InferError where none of `asked` is one. */
function pathsFor({ name, card }: ModelFile, asked: readonly GpuPath[] = GPU_PATHS): readonly GpuPath[] {
  const any = card.kind === 'pixel' && !hasSpread(card);
  const paths = any ? asked : asked.filter((path) => path === 'float32');
  if (paths.length > 0) return paths;
  throw new InferError(
    `${name}: ${card.kind === 'spatial' ? 'a spatial model' : 'an ensemble'} runs on WebGPU by the path 'float32' alone, not by '${asked.join("', '")}'; leave the path out`,
  );
}

/** Opens a model on the GPU by the first of `paths` that gives the processor's abundances. Rejects with InferError where none does. */
export async function openOnGpu(ort: Onnxruntime, file: ModelFile, asked?: readonly GpuPath[]): Promise<ModelOnGpu> {
  const paths = pathsFor(file, asked);
  const gpu = await openGpu();
  const reasons: string[] = [];
  try {
    const samples = probeOf(file.card, BATCH_PIXELS);
    const spectra = Float32Array.from(samples, (sample) => sample * GAIN);
    const expected = await referenceFor(ort, file, spectra);
    for (const path of paths)
      try {
        const { session, runner, ...opened } = await openPath(path, { ort, gpu, file });
        try {
          // A recorded run is one from the second on, and must not give the first one's result.
          await opened.try(samples.toReversed(), spectra.toReversed());
          assertSame(await opened.try(samples, spectra), expected);
        } catch (error) {
          await session.release().catch(() => {});
          throw error;
        }
        return { gpu, path, session, ...(runner && { runner }), reasons };
      } catch (error) {
        reasons.push(`not by the path '${path}': ${firstLine(error)}`);
      }
    throw new InferError(`${file.name}: ${reasons.join('; ')}`);
  } catch (error) {
    gpu.device.destroy();
    throw error;
  }
}
