// From stored values to what a model takes, in one pass: the valid pixels' reflectance, packed. Legend: B bands asked for, n pixels of a pack,
// N pixels of what was asked for.
import { aligned, type Kernels } from './kernels.js';
import { sampleArrays, sampleSize } from './samples.js';
import type { Band, SampleArray, SampleType, SpectraPack, Window } from './scene.js';

/** Stored values of whole rows of a part of the scene, wherever they lie in memory; read before the next ones are asked for. */
export interface StoredRows {
  readonly window: Window;
  /** Sample i of pixel (row, col) of the window is values[start + row * rowStride + col * pixelStride + bandOffsets[i]]. */
  readonly values: SampleArray;
  readonly start: number;
  readonly rowStride: number;
  readonly pixelStride: number;
  /** [B] */
  readonly bandOffsets: Int32Array;
}

/** Where rows may be decoded, so that they need not be moved again: the kernels' memory from `from` on. */
export interface RowMemory {
  readonly kernels: Kernels;
  readonly from: number;
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** The kernels' numbers of the sample types. */
const TYPE_NUMBERS: Readonly<Record<SampleType, number>> = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  float64: 7,
};

/** Words of a vector of 16-bit samples. */
const LANES = 8;

/** Bytes of a group of the kernels' table: two addresses, NoData of eight lanes, and which lanes to compare with it. */
const GROUP_BYTES = 48;

/** Whether bands are 16-bit samples, each of which gives a finite reflectance: as the kernels' vectors and a GPU's shaders take them. */
export function hasWords(bands: readonly Band[], sampleType: SampleType): boolean {
  const largest = 2 ** 16;
  const finite = bands.every(({ gain, offset }) => Math.abs(gain) * largest + Math.abs(offset) <= FLOAT32_MAX);
  return finite && (sampleType === 'int16' || sampleType === 'uint16');
}

export interface PackOptions {
  /** What was asked for: pixels are counted in it. */
  readonly window: Window;
  /** The bands asked for [B]. */
  readonly bands: readonly Band[];
  readonly sampleType: SampleType;
  /** Pixels of a pack. */
  readonly pixels: number;
  /** [N], 1 = as if the pixel had no data. */
  readonly leaveOut?: Uint8Array | undefined;
}

/** Where the tables and the pack lie in the kernels' memory. */
interface Places {
  readonly offsets: number;
  readonly gains: number;
  readonly shifts: number;
  readonly missing: number;
  readonly groups: number;
  readonly spectra: number;
  readonly numbers: number;
  readonly end: number;
}

function placesFor(base: number, B: number, capacity: number): Places {
  let end = base;
  const room = (bytes: number): number => {
    const at = end;
    end = aligned(end + bytes);
    return at;
  };
  const [offsets, gains, shifts, missing] = [4, 4, 4, 8].map((size) => room((B + LANES) * size)) as [
    number,
    number,
    number,
    number,
  ];
  const places = { offsets, gains, shifts, missing, groups: room(B * GROUP_BYTES) };
  return { ...places, spectra: room((capacity * B + LANES) * 4), numbers: room(capacity * 4), end };
}

/** The first pixel of a row from `col` on that is not left out; its end where there is none. */
function firstTaken(out: Uint8Array | undefined, col: number): number {
  if (out === undefined || out[col] === 0) return col;
  const found = out.indexOf(0, col);
  return found === -1 ? out.length : found;
}

/** How many pixels of a row from `col` on follow one another without one that is left out; undefined where that is all of them. */
function takenFrom(out: Uint8Array | undefined, col: number): number | undefined {
  const found = out?.indexOf(1, col) ?? -1;
  return found === -1 ? undefined : found - col;
}

/** What a packer does with rows. */
interface Packer {
  /** Where rows may be decoded. */
  readonly memory: RowMemory;
  /** Packs rows; yields whenever the pack is full. */
  take(rows: StoredRows): Generator<SpectraPack, void, undefined>;
  /** The last pack, if there is any. */
  rest(): SpectraPack | undefined;
}

function makePacker(kernels: Kernels, options: PackOptions): Packer {
  const { window, bands, sampleType, pixels: capacity, leaveOut } = options;
  const B = bands.length;
  const places = placesFor(kernels.base, B, capacity);
  kernels.reserve(places.end);
  writeCalibration(kernels, bands, places);
  kernels.setPack(capacity, B, places.spectra, places.numbers);
  kernels.setBands(places.offsets, places.gains, places.shifts, places.missing);
  const vectored = hasWords(bands, sampleType);
  const size = sampleSize(sampleType);
  let offsets: Int32Array | undefined;
  const pack = (): SpectraPack => ({
    count: kernels.packed(),
    pixels: new Uint32Array(kernels.buffer, places.numbers, capacity),
    spectra: new Float32Array(kernels.buffer, places.spectra, capacity * B),
  });
  return {
    memory: { kernels, from: places.end },
    *take(part) {
      const { rowStride, pixelStride, bandOffsets } = part;
      const from = addressOf(part, kernels, places.end);
      const planes = pixelStride === 1 && B > 1;
      if (bandOffsets !== offsets) {
        const groups = vectored ? groupsOf(bandOffsets, { bands, single: planes }) : [];
        writeOffsets(kernels, bandOffsets, { places, groups, sampleType });
        offsets = bandOffsets;
      }
      for (let row = 0; row < part.window.rows; row++) {
        const first = (part.window.row + row - window.row) * window.cols + part.window.col - window.col;
        const out = leaveOut?.subarray(first, first + part.window.cols);
        for (let col = firstTaken(out, 0); col < part.window.cols; col = firstTaken(out, col)) {
          const at = from + (row * rowStride + col * pixelStride) * size;
          const [type, left] = [TYPE_NUMBERS[sampleType], takenFrom(out, col) ?? part.window.cols - col];
          col += planes
            ? kernels.packPlaneRow(type, at, left, first + col)
            : kernels.packRow(type, at, left, pixelStride * size, first + col);
          if (kernels.packed() < capacity) continue;
          yield pack();
          kernels.emptyPack();
        }
      }
    },
    rest() {
      const last = pack();
      last.spectra.fill(0, last.count * B);
      return last.count > 0 ? last : undefined;
    },
  };
}

/** Gain, offset and NoData of each band; NaN, which equals nothing, where there is no NoData. */
function writeCalibration(kernels: Kernels, bands: readonly Band[], { gains, shifts, missing }: Places): void {
  const table = <T extends Float32ArrayConstructor | Float64ArrayConstructor>(Type: T, at: number) =>
    new Type(kernels.buffer, at, bands.length + LANES).fill(0);
  table(Float32Array, gains).set(bands.map(({ gain }) => gain));
  table(Float32Array, shifts).set(bands.map(({ offset }) => offset));
  table(Float64Array, missing).set(bands.map(({ noData }) => noData ?? Number.NaN));
}

/** Up to eight bands asked for that lie together in a pixel. */
interface Group {
  /** Sample of the first. */
  readonly from: number;
  /** The first, among the bands asked for. */
  readonly to: number;
  /** NoData of each band; undefined where it has none. */
  readonly noData: (number | undefined)[];
}

function groupsOf(bandOffsets: Int32Array, { bands, single }: { bands: readonly Band[]; single: boolean }): Group[] {
  // A few planes are turned faster one by one.
  if (single && bands.length < LANES) return [];
  const groups: Group[] = [];
  for (const [b, offset] of bandOffsets.entries()) {
    const group = groups.at(-1);
    const joins = !single && group && group.noData.length < LANES && offset === group.from + group.noData.length;
    if (joins) group.noData.push(bands[b]!.noData);
    // The samples of a single band fill all lanes.
    else groups.push({ from: offset, to: b, noData: new Array(single ? LANES : 1).fill(bands[b]!.noData) });
  }
  return groups;
}

function writeOffsets(
  kernels: Kernels,
  bandOffsets: Int32Array,
  { places, groups, sampleType }: { places: Places; groups: readonly Group[]; sampleType: SampleType },
): void {
  const Samples = sampleArrays[sampleType];
  const size = Samples.BYTES_PER_ELEMENT;
  new Uint32Array(kernels.buffer, places.offsets, bandOffsets.length).set(bandOffsets.map((offset) => offset * size));
  for (const [g, { from, to, noData }] of groups.entries()) {
    const at = places.groups + g * GROUP_BYTES;
    new Uint32Array(kernels.buffer, at, 2).set([from * size, to]);
    const lanes = new Samples(kernels.buffer, at + 16, 2 * LANES).fill(0);
    for (const [lane, value] of noData.entries()) {
      lanes[lane] = value ?? 0;
      // What no sample can hold is compared with none.
      lanes[LANES + lane] = lanes[lane] === value ? 0xffff : 0;
    }
  }
  kernels.setGroups(places.groups, groups.length);
}

/** The address of the first pixel's samples in the kernels' memory, at `room` where they must be copied first. */
function addressOf(part: StoredRows, kernels: Kernels, room: number): number {
  const { values, start, window, rowStride, pixelStride, bandOffsets } = part;
  const size = values.BYTES_PER_ELEMENT;
  if (values.buffer === kernels.buffer) return values.byteOffset + start * size;
  const last = (window.rows - 1) * rowStride + (window.cols - 1) * pixelStride + Math.max(...bandOffsets);
  const bytes = new Uint8Array(values.buffer, values.byteOffset + start * size, (last + 1) * size);
  kernels.reserve(room + bytes.length);
  new Uint8Array(kernels.buffer).set(bytes, room);
  return room;
}

/**
 * Packs the pixels with data of `rows`, which may decode them in the memory that it is given. A pixel is left out where it is asked for, and where any of its bands
 * holds NoData or a reflectance that is not finite in float32. Every pack but the last is full.
 */
export async function* packSpectra(
  kernels: Kernels,
  rows: (memory: RowMemory) => AsyncIterable<StoredRows>,
  options: PackOptions,
): AsyncGenerator<SpectraPack, void, undefined> {
  const packer = makePacker(kernels, options);
  for await (const part of rows(packer.memory)) yield* packer.take(part);
  const rest = packer.rest();
  if (rest) yield rest;
}
