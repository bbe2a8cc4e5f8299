// A model that reads its spectra from a buffer of the GPU and leaves its abundances in one. Legend: B bands, C endmembers, n pixels of a run.
import { INPUT, InferError, OUTPUT } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { type Gpu, USAGE } from './gpu.js';
import type { Onnxruntime } from './runtime.js';

/** What a session is made of. */
export interface GpuModel {
  readonly ort: Onnxruntime;
  readonly gpu: Gpu;
  readonly bytes: Uint8Array;
  readonly card: ModelCard;
  /** Record the kernels of the first run, and give them to the GPU at once in later ones. */
  readonly capture: boolean;
}

/** Runs of exactly n pixels. */
export interface GpuSession {
  /** [n, B], to be written before a run. */
  readonly spectra: GPUBuffer;
  /** Gives a run to the GPU, then to `use` its abundances [n, C]: what that gives to the queue of the GPU finds them there. */
  run<T>(use: (abundances: GPUBuffer) => T | Promise<T>): Promise<T>;
  release(): Promise<void>;
}

/** Session options with which every node of a model runs on the GPU: creation fails otherwise. */
export const gpuOptions = ({ device }: Gpu) => ({
  executionProviders: [{ name: 'webgpu' as const, device }],
  extra: { session: { disable_cpu_ep_fallback: '1' } },
});

/**
 * A session for runs of n pixels. A recorded run reads the buffer of the first one, so that it is the session's own; abundances lie where
 * onnxruntime puts them: of a buffer given to it, it keeps an address beyond the run, behind which another may lie then.
 */
export async function openGpuSession({ ort, gpu, bytes, card, capture }: GpuModel, n: number): Promise<GpuSession> {
  const B = card.bands.length;
  const opened = await ort.InferenceSession.create(bytes, {
    ...gpuOptions(gpu),
    preferredOutputLocation: 'gpu-buffer',
    freeDimensionOverrides: { pixels: n },
    enableGraphCapture: capture,
  });
  const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
  const spectra = gpu.device.createBuffer({ size: n * B * 4, usage });
  const input = ort.Tensor.fromGpuBuffer(spectra, { dataType: 'float32', dims: [n, B] });
  return {
    spectra,
    async run(use) {
      const { [OUTPUT]: output } = await opened.run({ [INPUT]: input }, [OUTPUT]);
      if (!output) throw new InferError(`the model gave no '${OUTPUT}'; export it again`);
      try {
        return await use(output.gpuBuffer as GPUBuffer);
      } finally {
        output.dispose();
      }
    },
    async release() {
      await opened.release();
      spectra.destroy();
    },
  };
}
