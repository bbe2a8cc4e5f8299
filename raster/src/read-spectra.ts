// Legend: N pixels of a window, B bands asked for. Blocks are pixel-major [N, B].
import { RasterError } from './error.js';
import { createKernels, type Kernels } from './kernels.js';
import { packSpectra, type RowMemory, type StoredRows } from './pack.js';
import { asStored, sampleSize } from './samples.js';
import type { Band, Block, ReadOptions, Scene, SpectraBlock, StreamOptions, Window } from './scene.js';
import { cleanText } from './text.js';

/** The stored values of a window while they are decoded. */
export type RowStream = (memory: RowMemory) => AsyncIterable<StoredRows>;

/** What a format has to provide: everything of a `Scene` but the spectra. */
export type SceneCore = Omit<Scene, 'readSpectra' | 'streamSpectra'> & {
  /** Decodes the rows of a window in the memory given, one after another; undefined where reading it part by part is better. */
  streamRows?(
    window: Window,
    bands: readonly number[],
    options?: Pick<StreamOptions, 'signal' | 'edges'>,
  ): RowStream | undefined;
};

/** 4 GiB of float32: above this a window is a mistake. */
const MOST_SAMPLES = 2 ** 30;

const describe = (window: Window): string =>
  `rows ${window.row}..${window.row + window.rows}, columns ${window.col}..${window.col + window.cols}`;

/** Throws RasterError unless `window` holds at least one pixel and lies inside the scene, every band exists, and it fits in memory. */
export function assertWindow(
  scene: Pick<Scene, 'name' | 'rows' | 'cols'> & { readonly bands: { readonly length: number } },
  window: Window,
  bands: readonly number[] = [],
): void {
  const { row, col, rows, cols } = window;
  const whole = [row, col, rows, cols].every(Number.isInteger);
  if (!whole || row < 0 || col < 0 || rows < 1 || cols < 1 || row + rows > scene.rows || col + cols > scene.cols)
    throw new RasterError(
      `${scene.name}: window ${describe(window)} (exclusive ends) is not inside the scene of ${scene.rows} rows x ${scene.cols} columns; ask for whole pixels inside it`,
      { path: scene.name },
    );
  for (const band of bands)
    if (!Number.isInteger(band) || band < 0 || band >= scene.bands.length)
      throw new RasterError(
        `${scene.name}: band index ${band} does not exist; the scene has ${scene.bands.length} bands, counted from 0`,
        { path: scene.name },
      );
  const samples = rows * cols * (bands.length || scene.bands.length);
  if (samples > MOST_SAMPLES)
    throw new RasterError(
      `${scene.name}: window ${describe(window)} holds ${samples} samples, more than ${MOST_SAMPLES}; read it in parts`,
      { path: scene.name },
    );
}

/** A full `Scene` from what a format's reader provides: windows and bands are validated, control characters taken out of its texts, NoData rounded as samples are, spectra derived from stored values. */
export function makeScene(core: SceneCore): Scene {
  const bandsAsStored = core.bands.map((band, i) => ({
    ...band,
    name: cleanText(band.name) || `band ${i + 1}`,
    ...(band.noData !== undefined && { noData: asStored(band.noData, core.sampleType) }),
  }));
  const { sensor: givenSensor = '', ...known } = core;
  const sensor = cleanText(givenSensor);
  const everyBand = core.bands.map((_, i) => i);
  /** Of streams that have ended. */
  const idle: Kernels[] = [];
  const readWindow: Scene['readWindow'] = async (window, bands = everyBand, options = {}) => {
    assertWindow(core, window, bands);
    options.signal?.throwIfAborted();
    return core.readWindow(window, bands, options);
  };
  return {
    ...known,
    ...(sensor && { sensor }),
    bands: bandsAsStored,
    readWindow,
    async readSpectra(window, bands = everyBand, into?) {
      const block = await readWindow(window, bands);
      const used = bands.map((i) => bandsAsStored[i]!);
      return toSpectra(block, used, into);
    },
    async *streamSpectra(window, bands, pixels, { leaveOut, signal, edges } = {}) {
      assertWindow(core, { ...window, rows: Math.min(1, window.rows) }, bands);
      const rows =
        core.streamRows?.(window, bands, { signal, edges }) ??
        (() => rowsOfParts(core, partsOf(core, window, bands.length), bands, { signal }));
      const used = bands.map((i) => bandsAsStored[i]!);
      const kernels = idle.pop() ?? createKernels();
      try {
        yield* packSpectra(kernels, rows, { window, bands: used, sampleType: core.sampleType, pixels, leaveOut });
      } finally {
        idle.push(kernels);
      }
    },
    close: () => core.close(),
  };
}

/** The same pixels, and those of its overviews, as something else than the file describes them. */
export function describeScene(
  scene: Scene,
  said: Partial<Pick<Scene, 'format' | 'sensor' | 'bands' | 'facts'>>,
): Scene {
  const overviews = scene.overviews?.map((overview) => ({
    ...overview,
    open: async () => describeScene(await overview.open(), said),
  }));
  return makeScene({ ...scene, ...said, ...(overviews && { overviews }) });
}

/** Bytes of stored values read at a time, unless a block of the file is more. */
const PART_BYTES = 2 ** 23;

/** Parts of a window of about PART_BYTES, of whole blocks where the window begins with one. */
function* partsOf({ block, sampleType }: SceneCore, window: Window, B: number): Generator<Window> {
  const pixels = Math.max(1, Math.floor(PART_BYTES / (B * sampleSize(sampleType))));
  const whole = (most: number, side: number) => Math.max(side, Math.floor(most / side) * side);
  const width = Math.min(window.cols, whole(pixels / block.rows, block.cols));
  const height = width < window.cols ? block.rows : whole(pixels / window.cols, block.rows);
  for (let row = 0; row < window.rows; row += height)
    for (let col = 0; col < window.cols; col += width) {
      const size = { rows: Math.min(height, window.rows - row), cols: Math.min(width, window.cols - col) };
      yield { row: window.row + row, col: window.col + col, ...size };
    }
}

/** The rows of parts of the scene, read part by part. */
export async function* rowsOfParts(
  core: Pick<SceneCore, 'readWindow'>,
  parts: Iterable<Window>,
  bands: readonly number[],
  options: ReadOptions = {},
): AsyncGenerator<StoredRows, void, undefined> {
  const B = bands.length;
  const bandOffsets = Int32Array.from(bands, (_, i) => i);
  for (const part of parts) {
    options.signal?.throwIfAborted();
    const { data } = await core.readWindow(part, bands, options);
    yield { window: part, values: data, start: 0, rowStride: part.cols * B, pixelStride: B, bandOffsets };
  }
}

/**
 * Reflectance of a block of stored values: value * gain + offset, per band, in float32 arithmetic.
 * A pixel with its band's NoData (to the bit, as `makeScene` rounds it), or with a reflectance that is not finite in float32, in any band gets `valid` 0 and spectra 0.
 * The spectra lie in `into` where that has room for them.
 */
export function toSpectra(block: Block, bands: readonly Band[], into?: Float32Array): SpectraBlock {
  const { rows, cols, data } = block;
  const B = bands.length;
  const N = rows * cols;
  const gains = Float32Array.from(bands, (b) => b.gain); // [B]
  const offsets = Float32Array.from(bands, (b) => b.offset); // [B]
  const noData = Float64Array.from(bands, (b) => b.noData ?? Number.NaN); // [B], NaN equals nothing
  const spectra = into && into.length >= N * B ? into.subarray(0, N * B) : new Float32Array(N * B); // [N, B]
  const valid = new Uint8Array(N); // [N]
  for (let n = 0; n < N; n++) {
    const start = n * B;
    let b = 0;
    for (; b < B; b++) {
      const value = data[start + b]!;
      const reflectance = Math.fround(Math.fround(Math.fround(value) * gains[b]!) + offsets[b]!);
      if (value === noData[b]! || !Number.isFinite(reflectance)) break;
      spectra[start + b] = reflectance;
    }
    if (b === B) valid[n] = 1;
    else spectra.fill(0, start, start + B);
  }
  return { rows, cols, bands: B, spectra, valid };
}
