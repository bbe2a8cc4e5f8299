// Legend: N pixels of a window, B bands asked for; positions and lengths in samples of the data file.
import type { EnviLayout } from './envi-header.js';
import type { RowMemory, StoredRows } from './pack.js';
import { sampleArrays, sampleSize, swapBytes, toSamples } from './samples.js';
import type { SampleArray, Window } from './scene.js';
import { type ByteSource, readInto } from './source.js';

/** Unwanted bytes that cost less to read than a further request. */
const GAP_BYTES = 1 << 16;
/** The most that one request reads, unless one run alone is longer. */
const READ_BYTES = 1 << 22;

/** Pixels of a row that are turned from bands to spectra at a time: few enough for the spectra to stay in cache. */
const BLOCK_PIXELS = 64;

/** Samples that lie together in the file: a row of a band (bsq, bil) or a row of pixels (bip). */
interface Run {
  readonly start: number;
  /** Row within the window. */
  readonly row: number;
  /** Band of the file; 0 for bip, where a run holds every band. */
  readonly band: number;
}

/** The runs of a window in the order in which they lie in the file. */
function* runsOf(layout: EnviLayout, window: Window, bands: readonly number[]): Generator<Run> {
  const { interleave, rows: R, cols: C, bands: B } = layout;
  const { row: top, col, rows } = window;
  if (interleave === 'bsq')
    for (const band of bands)
      for (let row = 0; row < rows; row++) yield { start: (band * R + top + row) * C + col, row, band };
  else
    for (let row = 0; row < rows; row++)
      if (interleave === 'bip') yield { start: ((top + row) * C + col) * B, row, band: 0 };
      else for (const band of bands) yield { start: ((top + row) * B + band) * C + col, row, band };
}

/** Runs gathered into requests: neighbours with small gaps between them, until a request is long enough. */
function* requestsOf(runs: Iterable<Run>, length: number, size: number): Generator<Run[]> {
  let request: Run[] = [];
  for (const run of runs) {
    const first = request[0];
    const last = request.at(-1);
    if (first && last) {
      const gap = (run.start - last.start - length) * size;
      const whole = (run.start + length - first.start) * size;
      if (gap > GAP_BYTES || whole > READ_BYTES) {
        yield request;
        request = [];
      }
    }
    request.push(run);
  }
  if (request.length > 0) yield request;
}

/** Where each band of the file goes in the output; a band may be asked for more than once. */
function targetsOf(bands: readonly number[]): Map<number, number[]> {
  const targets = new Map<number, number[]>();
  for (const [target, band] of bands.entries()) targets.set(band, [...(targets.get(band) ?? []), target]);
  return targets;
}

/** Copies one band of a row of pixels, `step` apart in `data`. */
function spread(
  samples: SampleArray,
  data: SampleArray,
  { from, to, count, step }: { from: number; to: number; count: number; step: number },
): void {
  for (let c = 0, at = to; c < count; c++, at += step) data[at] = samples[from + c]!;
}

/** Copies the wanted bands of a row of pixels, `step` apart in `samples`. */
function gatherPixels(
  samples: SampleArray,
  data: SampleArray,
  { from, to, count, step, bands }: { from: number; to: number; count: number; step: number; bands: readonly number[] },
): void {
  const B = bands.length;
  if (B === step && bands.every((band, b) => band === b)) {
    data.set(samples.subarray(from, from + count * step), to);
    return;
  }
  const wanted = Int32Array.from(bands);
  for (let c = 0, at = to, pixel = from; c < count; c++, pixel += step)
    for (let b = 0; b < B; b++, at++) data[at] = samples[pixel + wanted[b]!]!;
}

/** Stored values of `window`, pixel-major [N, B], reading little more of `source` than what is asked for, in few requests. */
export async function readEnviWindow(
  source: ByteSource,
  layout: EnviLayout,
  { window, bands }: { readonly window: Window; readonly bands: readonly number[] },
): Promise<SampleArray> {
  const { cols } = window;
  const B = bands.length;
  const size = sampleSize(layout.sampleType);
  const perPixel = layout.interleave === 'bip' ? layout.bands : 1; // samples of a run that one pixel takes
  const length = cols * perPixel;
  const targets = targetsOf(bands);
  const wanted = [...targets.keys()].sort((a, b) => a - b);
  const data = new sampleArrays[layout.sampleType](window.rows * cols * B); // [N, B]
  for (const request of requestsOf(runsOf(layout, window, wanted), length, size)) {
    const first = request[0]!.start;
    const total = request.at(-1)!.start + length - first;
    const bytes = await source.read(layout.headerOffset + first * size, total * size);
    const samples = toSamples(bytes, layout.sampleType, layout.bigEndian); // [total]
    const step = layout.interleave === 'bip' ? cols : BLOCK_PIXELS;
    for (let col = 0; col < cols; col += step) {
      const count = Math.min(step, cols - col);
      for (const { start, row, band } of request) {
        const from = start - first + col * perPixel;
        const to = (row * cols + col) * B;
        if (layout.interleave === 'bip') gatherPixels(samples, data, { from, to, count, step: perPixel, bands });
        else for (const target of targets.get(band)!) spread(samples, data, { from, to: to + target, count, step: B });
      }
    }
  }
  return data;
}

/** Bytes of whole lines that a stream reads at a time, unless one line is more. */
const STREAM_BYTES = 2 ** 19;

/** Whether reading whole lines wastes little: a window over most of the width. */
export const streamsLines = ({ cols }: EnviLayout, window: Window): boolean => window.cols * 2 > cols;

/** The rows of a window, some whole lines at a time: of a band-sequential file, of all bands asked for. */
export async function* streamEnviWindow(
  source: ByteSource,
  layout: EnviLayout,
  { window, bands, memory }: { readonly window: Window; readonly bands: readonly number[]; readonly memory: RowMemory },
): AsyncGenerator<StoredRows, void, undefined> {
  const { interleave, rows, cols, bands: S, sampleType, headerOffset, bigEndian } = layout;
  const { kernels, from } = memory;
  const Samples = sampleArrays[sampleType];
  const size = Samples.BYTES_PER_ELEMENT;
  const planes = interleave === 'bsq' ? bands.length : 1;
  const line = cols * (interleave === 'bsq' ? 1 : S); // samples of a line that lie together
  const most = Math.min(window.rows, Math.max(1, Math.floor(STREAM_BYTES / (planes * line * size))));
  kernels.reserve(from + planes * most * line * size);
  /** Reads `count` samples from the `first` of the file on to where the `to`th of the memory is. */
  const read = async (first: number, count: number, to: number): Promise<void> => {
    const bytes = new Uint8Array(kernels.buffer, from + to * size, count * size);
    await readInto(source, headerOffset + first * size, bytes);
    if (bigEndian && size > 1) swapBytes(bytes, size);
  };
  const strides = { bip: [S, 1, cols * S], bil: [1, cols, cols * S], bsq: [1, most * cols, cols] } as const;
  const [pixelStride, bandStride, rowStride] = strides[interleave];
  const bandOffsets = Int32Array.from(bands, (band, i) => bandStride * (interleave === 'bsq' ? i : band));
  for (let first = 0; first < window.rows; first += most) {
    const part = { ...window, row: window.row + first, rows: Math.min(most, window.rows - first) };
    if (interleave !== 'bsq') await read(part.row * line, part.rows * line, 0);
    else
      for (const [i, band] of bands.entries())
        await read((band * rows + part.row) * cols, part.rows * cols, i * bandStride);
    const values = new Samples(kernels.buffer, from, planes * most * line);
    yield { window: part, values, start: window.col * pixelStride, rowStride, pixelStride, bandOffsets };
  }
}
