// A model file in the browser: on WebGPU where there is an adapter, else on WebAssembly. Legend: B bands.
import { assertGraph, firstLine, gpuBatch, INPUT, InferError, OUTPUT, readCardOf, type Session } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { publicPath } from '@egunet/raster/url';
import type { InferenceSession } from 'onnxruntime-web';
import { fetchBytes } from './fetch-bytes.js';
import { findAdapter } from './gpu.js';
import { loadRuntime, type Onnxruntime, type RuntimeOptions, threadsFor, type WebDevice } from './runtime.js';

export interface OpenWebModelOptions extends RuntimeOptions {
  /** `auto`, the default: WebGPU if there is an adapter on which the model loads, else WebAssembly. A device that is named is not replaced by another. */
  readonly device?: 'auto' | WebDevice;
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
  /** Why not faster: a sentence for each device or thread that could not be had. */
  readonly reasons: readonly string[];
}

/** An opened model. Release it when done. */
export interface WebModel {
  readonly card: ModelCard;
  readonly place: ModelPlace;
  /** One run follows another, however many are asked for at a time. */
  readonly session: Session;
  release(): Promise<void>;
}

/** Pixels a run on WebAssembly: a run costs milliseconds besides its arithmetic there. */
const WASM_BATCH_PIXELS = 1024;

/** Pixels a run where so many are unmixed. */
export const batchFor = ({ device }: ModelPlace, pixels: number): number =>
  device === 'webgpu' ? gpuBatch(pixels) : WASM_BATCH_PIXELS;

/** Lets one piece of work begin when the one before has ended, well or not. */
function makeQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}

function makeSession(
  name: string,
  { ort, opened, B }: { ort: Onnxruntime; opened: InferenceSession; B: number },
): Session {
  const inTurn = makeQueue();
  const run = async (spectra: Float32Array, pixels: number): Promise<Float32Array> => {
    const input = new ort.Tensor('float32', spectra, [pixels, B]);
    try {
      const { [OUTPUT]: output } = await opened.run({ [INPUT]: input }, [OUTPUT]);
      const data = await output?.getData(true);
      if (data instanceof Float32Array) return data;
    } catch (cause) {
      throw new InferError(`${name}: running the model failed: ${firstLine(cause)}; open it again`, { cause });
    }
    throw new InferError(`${name}: the model gave no float32 '${OUTPUT}'; export it again`);
  };
  return {
    run: (spectra, pixels) => inTurn(() => run(spectra, pixels)),
    release: () => inTurn(() => opened.release()),
  };
}

/** A model on one device. Rejects with InferError where that cannot be. */
async function openOn(
  device: WebDevice,
  model: { readonly name: string; readonly bytes: Uint8Array; readonly card: ModelCard },
  { runtime, threads }: RuntimeOptions,
): Promise<WebModel> {
  const reasons: string[] = [];
  const adapter = device === 'webgpu' ? await findAdapter() : undefined;
  const cpu = threadsFor(device === 'webgpu' ? 1 : threads);
  if (cpu.why) reasons.push(cpu.why);
  const ort = await loadRuntime(device, { runtime, threads: cpu.threads });
  const { name, bytes, card } = model;
  let opened: InferenceSession;
  try {
    opened = await ort.InferenceSession.create(bytes, {
      executionProviders: [device],
      ...(device === 'webgpu' && { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
    });
  } catch (cause) {
    throw new InferError(`${name}: onnxruntime cannot load the model on ${device}: ${firstLine(cause)}`, { cause });
  }
  try {
    assertGraph(name, { inputs: opened.inputMetadata, outputs: opened.outputMetadata }, card);
  } catch (error) {
    await opened.release();
    throw error;
  }
  const session = makeSession(name, { ort, opened, B: card.bands.length });
  const place = { device, threads: cpu.threads, ...(adapter && { adapter: adapter.name }), reasons };
  return { card, place, session, release: () => session.release() };
}

/**
 * Opens a model, given by its URL or its bytes, and checks it against its card.
 * Rejects with InferError where it cannot be fetched, is no whole ONNX model or none of egunet's, or no device that may be taken runs it;
 * with ModelCardError where its card is wrong; with the signal's reason when aborted.
 */
export async function openModel(model: string | Uint8Array, options: OpenWebModelOptions = {}): Promise<WebModel> {
  const { device = 'auto', signal } = options;
  const name = typeof model === 'string' ? publicPath(model) : 'the model';
  const bytes = typeof model === 'string' ? await fetchBytes(model, signal) : model;
  signal?.throwIfAborted();
  const found = { name, bytes, card: readCardOf(name, bytes) };
  const reasons: string[] = [];
  if (device !== 'wasm')
    try {
      return await openOn('webgpu', found, options);
    } catch (error) {
      if (device === 'webgpu') throw error;
      reasons.push(`no WebGPU: ${firstLine(error)}`);
    }
  signal?.throwIfAborted();
  const opened = await openOn('wasm', found, options);
  return { ...opened, place: { ...opened.place, reasons: [...reasons, ...opened.place.reasons] } };
}
