// Unmixing on the GPU from stored samples on: they are uploaded as they are. Legend: B bands of the model, C endmembers, R bands read,
// n pixels of a run, N pixels of a window.
import { type BandPlan, firstLine, gpuBatch, InferError } from '@egunet/infer';
import type { Band, Block } from '@egunet/raster';
import { MAP_TO_READ, onGpu, USAGE } from './gpu.js';
import { type GpuModel, type GpuSession, openGpuSession } from './gpu-session.js';
import { type BandTables, bandTables, convertPass, NO_DATA_BITS, type Pass, sealPass } from './gpu-spectra.js';

/** Abundances that stay on the GPU, to be drawn from there. Destroy them when done. */
export interface GpuAbundances {
  /** [N, C] float32, for shaders and to be copied from; NaN where the scene has no data. */
  readonly buffer: GPUBuffer;
  /** A copy on this side [N, C]. */
  read(): Promise<Float32Array>;
  destroy(): void;
}

/** Stored 16-bit samples of a window. */
export interface StoredWindow {
  /** [N, R] */
  readonly block: Block;
  /** The block's bands [R], each with its number in the scene. */
  readonly read: readonly (Band & { readonly index: number })[];
  readonly plan: BandPlan;
}

/** A model on the GPU. Whoever calls sees to it that one piece of work follows another. */
export interface GpuRunner {
  /** Abundances [pixels, C] of spectra [pixels, B] that are on this side. */
  run(spectra: Float32Array, pixels: number): Promise<Float32Array>;
  unmix(stored: StoredWindow, options: { readonly signal?: AbortSignal | undefined }): Promise<GpuAbundances>;
  release(): Promise<void>;
}

/** Pixels of a run: few sizes, since each has a session of its own. */
export const batchFor = (pixels: number): number => 2 ** Math.ceil(Math.log2(gpuBatch(pixels)));

/** A copy of a buffer's floats on this side. */
async function readBuffer(device: GPUDevice, buffer: GPUBuffer, floats: number): Promise<Float32Array> {
  const size = floats * 4;
  const copy = device.createBuffer({ size, usage: USAGE.COPY_DST | USAGE.MAP_READ });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(MAP_TO_READ);
    return new Float32Array(copy.getMappedRange().slice(0));
  } finally {
    copy.destroy();
  }
}

/** Writes samples from `first` on; the GPU takes whole words, so the last one may bring a stranger along, which no pixel reads. */
function writeSamples(
  device: GPUDevice,
  to: GPUBuffer,
  data: Int16Array | Uint16Array,
  first: number,
  count: number,
): void {
  const even = count + (count % 2);
  if (first + even <= data.length) device.queue.writeBuffer(to, 0, data as Int16Array<ArrayBuffer>, first, even);
  else {
    const last = new Uint16Array(even);
    last.set(data.subarray(first, first + count));
    device.queue.writeBuffer(to, 0, last);
  }
}

/** A session for each size of runs, and buffers for what a run of it reads. */
function makeSessions(model: GpuModel) {
  const held = new Map<number, Promise<GpuSession>>();
  let released = false;
  return {
    async of(n: number): Promise<GpuSession> {
      if (released) throw new InferError('the model was released; open it again');
      const found = held.get(n) ?? openGpuSession(model, n);
      held.set(n, found);
      found.catch(() => held.delete(n));
      return found;
    },
    async release() {
      released = true;
      for (const one of held.values()) await (await one.catch(() => undefined))?.release();
      held.clear();
    },
  };
}

/** Runs what `work` gives to the GPU; throws what it holds against it. */
async function checked<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const done = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const scopes = [device.popErrorScope(), device.popErrorScope()];
  const found = (await Promise.all(scopes).catch(() => [])).find((error) => error !== null); // of a lost GPU there is none
  if ('error' in done) throw done.error;
  if (found)
    throw new InferError(
      `the GPU does not do this: ${firstLine(found.message)}; take a smaller window, or the device 'wasm'`,
    );
  return done.value;
}

/** Opens a model for runs on the GPU. */
export function makeGpuRunner(model: GpuModel): GpuRunner {
  const { device } = model.gpu;
  const C = model.card.endmembers.length;
  const sessions = makeSessions(model);
  let passes: { readonly convert: Pass; readonly seal: Pass } | undefined;
  const submit = (encode: (encoder: GPUCommandEncoder) => void) => {
    const encoder = device.createCommandEncoder();
    encode(encoder);
    device.queue.submit([encoder.finish()]);
  };

  /** Unmixes the window a run after the other, into `map`. */
  async function fill(
    map: GPUBuffer,
    { block, tables, signal }: { block: Block; tables: BandTables; signal: AbortSignal | undefined },
  ): Promise<void> {
    const { read: R, bands: B, isSigned, bandsRead, taken } = tables;
    const data = block.data as Int16Array | Uint16Array;
    const N = block.rows * block.cols;
    const n = batchFor(N);
    const { spectra, run } = await sessions.of(n);
    const { STORAGE, COPY_DST } = USAGE;
    passes ??= { convert: convertPass(device), seal: sealPass(device) };
    const { convert, seal } = passes;
    const stored = device.createBuffer({ size: n * R * 2, usage: STORAGE | COPY_DST });
    const missing = device.createBuffer({ size: n * 4, usage: STORAGE | COPY_DST });
    try {
      for (let first = 0; first < N; first += n) {
        signal?.throwIfAborted();
        const pixels = Math.min(n, N - first);
        writeSamples(device, stored, data, first * R, pixels * R);
        submit((encoder) => {
          encoder.clearBuffer(missing);
          convert.encode(encoder, [stored, bandsRead, taken, spectra, missing], [pixels, R, B, Number(isSigned)], B);
        });
        await run((abundances) =>
          submit((encoder) => seal.encode(encoder, [abundances, missing, map], [pixels, C, first, NO_DATA_BITS], C)),
        );
      }
    } finally {
      for (const buffer of [stored, missing]) buffer.destroy();
    }
  }

  return {
    run: (floats, pixels) =>
      checked(device, async () => {
        const { spectra, run } = await sessions.of(pixels);
        device.queue.writeBuffer(spectra, 0, floats as Float32Array<ArrayBuffer>, 0, spectra.size / 4);
        return run((abundances) => readBuffer(device, abundances, pixels * C));
      }),
    unmix({ block, read, plan }, { signal }) {
      return checked(device, async () => {
        const usage = USAGE.STORAGE | USAGE.COPY_SRC;
        const map = device.createBuffer({ size: block.rows * block.cols * C * 4, usage });
        const tables = bandTables(device, plan, { bands: read, isSigned: block.data instanceof Int16Array });
        try {
          await fill(map, { block, tables, signal });
        } catch (error) {
          map.destroy();
          throw error;
        } finally {
          for (const table of [tables.bandsRead, tables.taken]) table.destroy();
        }
        return {
          buffer: map,
          read: () => onGpu(model.gpu, () => readBuffer(device, map, block.rows * block.cols * C)),
          destroy: () => map.destroy(),
        };
      });
    },
    release: sessions.release,
  };
}
