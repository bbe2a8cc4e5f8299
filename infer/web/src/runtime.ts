// onnxruntime-web as the app serves it.
import { assertCount, InferError } from '@egunet/infer';
import { type Gate, makeGate } from '@egunet/raster/web';

export type Onnxruntime = typeof import('onnxruntime-web');

/** Where a model runs: onnxruntime-web's execution providers of these names. */
export type WebDevice = 'webgpu' | 'wasm';

export interface RuntimeOptions {
  /**
   * URL of a folder with the files of onnxruntime-web's `dist`, as the app serves them. When absent, what the app's bundler made of the
   * package; a page without a bundler must give it.
   */
  readonly runtime?: string | undefined;
  /** Threads of WebAssembly at most; as many as there are processors when absent. More than one needs cross-origin isolation. */
  readonly threads?: number | undefined;
}

/** Threads that WebAssembly can have here, and why no more. */
export function threadsFor(wanted = navigator.hardwareConcurrency || 1): { threads: number; why?: string } {
  assertCount('threads', wanted);
  if (wanted === 1 || crossOriginIsolated) return { threads: wanted };
  return {
    threads: 1,
    why: "one thread: the page is not cross-origin isolated; serve it with 'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp'",
  };
}

/** The module of a device: the one for WebAssembly alone is half the size. */
function importRuntime(device: WebDevice, folder: string | undefined): Promise<Onnxruntime> {
  if (folder !== undefined) return import(/* @vite-ignore */ `${folder}ort.${device}.min.mjs`);
  return device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm');
}

/** onnxruntime-web, of which a page or worker has one, however often it is imported. */
export interface Runtime {
  readonly ort: Onnxruntime;
  /** It opens, runs or releases one model at a time. */
  readonly turns: Gate;
  /** Of WebAssembly, as it was first loaded. */
  readonly threads: number;
}

/** Each onnxruntime-web that was imported. */
const loaded = new WeakMap<Onnxruntime, Runtime>();

/** Loads onnxruntime-web for a device. Rejects with InferError where its files are not there. */
export async function loadRuntime(
  device: WebDevice,
  { runtime, threads }: RuntimeOptions & { readonly threads: number },
): Promise<Runtime> {
  const folder = runtime && new URL(runtime.replace(/\/?$/, '/'), globalThis.document?.baseURI ?? location.href).href;
  try {
    const ort = await importRuntime(device, folder);
    const found = loaded.get(ort);
    if (found) return found;
    if (folder !== undefined) ort.env.wasm.wasmPaths = folder;
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'fatal'; // every failure is thrown besides
    const made = { ort, threads, turns: makeGate(1) };
    loaded.set(ort, made);
    return made;
  } catch (cause) {
    throw new InferError(
      `onnxruntime-web cannot be loaded${folder === undefined ? '' : ` from ${folder}`}: ${(cause as Error).message}; serve the files of its 'dist' folder, and say where`,
      { cause },
    );
  }
}
