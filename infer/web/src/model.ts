// A model file in the browser: on WebGPU where there is an adapter, else on WebAssembly. Legend: B bands, C endmembers.
import { firstLine, readCardOf, type Session } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { publicPath } from '@egunet/raster/url';
import type { Gate } from '@egunet/raster/web';
import { fetchBytes } from './fetch-bytes.js';
import { onGpu } from './gpu.js';
import type { GpuAbundances, StoredWindow } from './gpu-unmix.js';
import { type GpuPath, openOnGpu } from './on-gpu.js';
import { loadRuntime, type RuntimeOptions, threadsFor, type WebDevice } from './runtime.js';
import { type ModelFile, openSession } from './session.js';

export interface OpenWebModelOptions extends RuntimeOptions {
  /** `auto`, the default: WebGPU if there is an adapter on which the model runs rightly, else WebAssembly. A device that is named is not replaced by another. */
  readonly device?: 'auto' | WebDevice;
  /** The way to run on WebGPU; the fastest that gives the right abundances when absent. */
  readonly gpuPath?: GpuPath;
  /** Stops the download, and opening between two steps. */
  readonly signal?: AbortSignal;
}

/** Where a model runs. */
export interface ModelPlace {
  readonly device: WebDevice;
  /** Of WebAssembly. */
  readonly threads: number;
  /** The GPU, as the browser calls it. */
  readonly adapter?: string;
  /** On WebGPU. */
  readonly gpuPath?: GpuPath;
  /** Why not faster: a sentence for each device, way or thread that could not be had. */
  readonly reasons: readonly string[];
}

/** An opened model. Release it when done. */
export interface WebModel {
  readonly card: ModelCard;
  readonly place: ModelPlace;
  /** One run follows another, however many are asked for at a time. */
  readonly session: Session;
  /** On WebGPU, unless by the path `float32`. */
  readonly gpu?: {
    readonly device: GPUDevice;
    /** Abundances that stay on the GPU. */
    unmix(stored: StoredWindow, options?: { readonly signal?: AbortSignal | undefined }): Promise<GpuAbundances>;
  };
  /** Whether its GPU is gone: runs fail then; open the model again. */
  isLost(): boolean;
  release(): Promise<void>;
}

type Opened = Omit<WebModel, 'card'>;

async function openOnWasm(file: ModelFile, { runtime, threads }: RuntimeOptions): Promise<Opened> {
  const cpu = threadsFor(threads);
  const { ort, turns, threads: had } = await loadRuntime('wasm', { runtime, threads: cpu.threads });
  const opened = await turns(() => openSession(ort, file, { executionProviders: ['wasm'] }));
  const session: Session = {
    run: (inputs) => turns(() => opened.run(inputs)),
    release: () => turns(opened.release),
  };
  const place = { device: 'wasm', threads: had, reasons: cpu.why ? [cpu.why] : [] } as const;
  return { place, session, isLost: () => false, release: session.release };
}

async function openOnWebGpu(file: ModelFile, { runtime, gpuPath }: OpenWebModelOptions): Promise<Opened> {
  const { ort, turns } = await loadRuntime('webgpu', { runtime, threads: 1 });
  const { gpu, path, session, runner, reasons } = await turns(() => openOnGpu(ort, file, gpuPath && [gpuPath]));
  const inTurn: Gate = (work) => turns(() => onGpu(gpu, work));
  const release = () =>
    turns(async () => {
      await session.release();
      gpu.device.destroy();
    });
  const place = { device: 'webgpu', threads: 1, adapter: gpu.name, gpuPath: path, reasons } as const;
  return {
    place,
    session: { run: (inputs) => inTurn(() => session.run(inputs)), release },
    ...(runner && {
      gpu: {
        device: gpu.device,
        unmix: (stored, { signal } = {}) => inTurn(() => runner.unmix(stored, { signal })),
      },
    }),
    isLost: gpu.isLost,
    release,
  };
}

/** On the fastest device that may be taken. */
async function openOnAny(file: ModelFile, options: OpenWebModelOptions): Promise<Opened> {
  const { device = 'auto', signal } = options;
  const reasons: string[] = [];
  if (device !== 'wasm')
    try {
      return await openOnWebGpu(file, options);
    } catch (error) {
      if (device === 'webgpu') throw error;
      reasons.push(`no WebGPU: ${firstLine(error)}`);
    }
  signal?.throwIfAborted();
  const { place, ...opened } = await openOnWasm(file, options);
  return { ...opened, place: { ...place, reasons: [...reasons, ...place.reasons] } };
}

/** Opens a model that was read. Rejects as `openModel`. */
export async function openFile(file: ModelFile, options: OpenWebModelOptions): Promise<WebModel> {
  const opened = await openOnAny(file, options);
  if (options.signal?.aborted) await opened.release();
  options.signal?.throwIfAborted();
  return { card: file.card, ...opened };
}

/** Reads a model file and its card. Rejects as `openModel`. */
export async function readModelFile(model: string | Uint8Array, signal?: AbortSignal): Promise<ModelFile> {
  const name = typeof model === 'string' ? publicPath(model) : 'the model';
  const bytes = typeof model === 'string' ? await fetchBytes(model, signal) : model;
  signal?.throwIfAborted();
  return { name, bytes, card: readCardOf(name, bytes) };
}

/**
 * Opens a model, given by its URL or its bytes, and checks it against its card.
 * Rejects with InferError where it cannot be fetched, is no whole ONNX model or none of egunet's, or no device that may be taken runs it;
 * with ModelCardError where its card is wrong; with the signal's reason when aborted.
 */
export async function openModel(model: string | Uint8Array, options: OpenWebModelOptions = {}): Promise<WebModel> {
  return openFile(await readModelFile(model, options.signal), options);
}
