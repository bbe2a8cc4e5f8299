// How the samples of a TIFF image are stored: validated once here, trusted afterwards.
import { RasterError } from '../error.js';
import type { SampleType } from '../scene.js';
import type { Ifd } from './ifd.js';
import { SAMPLE_FORMAT, SAMPLES, TAG } from './tags.js';

export type Compression = 'none' | 'lzw' | 'deflate' | 'zstd';

/** Samples in blocks (tiles or strips), each compressed by itself. */
export interface Layout {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly sampleType: SampleType;
  readonly littleEndian: boolean;
  /** True where every band has blocks of its own. */
  readonly planar: boolean;
  readonly tiled: boolean;
  readonly compression: Compression;
  readonly predictor: 1 | 2 | 3;
  readonly blockRows: number;
  readonly blockCols: number;
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Of each block in the file: [planes, blocksDown, blocksAcross]. A block of 0 bytes was never written. */
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

const COMPRESSIONS: Readonly<Record<number, Compression>> = {
  1: 'none',
  5: 'lzw',
  8: 'deflate',
  32946: 'deflate',
  50000: 'zstd',
};

const OTHER_COMPRESSIONS: Readonly<Record<number, string>> = {
  6: 'old JPEG',
  7: 'JPEG',
  32773: 'PackBits',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50001: 'WebP',
  50002: 'JPEG XL',
};

/** No encoder of the format can shrink a block further than this; a block that claims to is damaged. */
const HIGHEST_RATIO: Readonly<Record<Compression, number>> = { none: 1, deflate: 1040, lzw: 4096, zstd: 65536 };

/** Blocks are decoded whole, in memory. */
const MOST_BLOCK_BYTES = 2 ** 30;

const MOST_PIXELS_A_SIDE = 2 ** 31;
const MOST_BANDS = 65535;

const convert = (option: string): string => `convert it: gdal_translate ${option} in.tif out.tif`;

/** Reads and validates the storage of an image. Rejects with RasterError where it is damaged or not supported. */
export async function readLayout(ifd: Ifd, fileBytes: number): Promise<Layout> {
  const fail = (what: string): never => {
    throw new RasterError(`${ifd.name}: ${what}`, { path: ifd.name });
  };
  const size = async (tag: number, what: string, most: number, fallback = 0): Promise<number> => {
    const value = await ifd.number(tag, fallback);
    if (!Number.isInteger(value) || value < 1 || value > most)
      fail(`${what} is ${value}, expected 1..${most}; the TIFF file is damaged, get it again`);
    return value;
  };
  const rows = await size(TAG.height, 'the number of rows', MOST_PIXELS_A_SIDE);
  const cols = await size(TAG.width, 'the number of columns', MOST_PIXELS_A_SIDE);
  const bands = await size(TAG.samplesPerPixel, 'the number of bands', MOST_BANDS, 1);
  const planarConfiguration = await size(TAG.planarConfiguration, 'PlanarConfiguration', 2, 1);
  const tiled = ifd.has(TAG.tileWidth) || ifd.has(TAG.tileOffsets);
  const blockRows = tiled
    ? await size(TAG.tileHeight, 'the tile height', MOST_PIXELS_A_SIDE)
    : Math.min(rows, await size(TAG.rowsPerStrip, 'RowsPerStrip', 2 ** 32, 2 ** 32 - 1));
  const blockCols = tiled ? await size(TAG.tileWidth, 'the tile width', MOST_PIXELS_A_SIDE) : cols;
  if ((await ifd.number(TAG.fillOrder, 1)) !== 1)
    fail(`FillOrder 2 (bits reversed) cannot be read; ${convert('-co COMPRESS=DEFLATE')}`);
  const compression = await readCompression(ifd, fail);
  const sampleType = await readSampleType(ifd, bands, fail);
  const layout: Layout = {
    ...{ rows, cols, bands, sampleType, littleEndian: ifd.littleEndian },
    ...{ planar: planarConfiguration === 2 && bands > 1, tiled, compression },
    predictor: await readPredictor(ifd, { compression, sampleType }, fail),
    ...{ blockRows, blockCols },
    blocksAcross: Math.ceil(cols / blockCols),
    blocksDown: Math.ceil(rows / blockRows),
    offsets: (await ifd.numbers(tiled ? TAG.tileOffsets : TAG.stripOffsets)) ?? new Float64Array(),
    byteCounts: (await ifd.numbers(tiled ? TAG.tileByteCounts : TAG.stripByteCounts)) ?? new Float64Array(),
  };
  assertBlocks(layout, fileBytes, fail);
  return layout;
}

type Fail = (what: string) => never;

async function readCompression(ifd: Ifd, fail: Fail): Promise<Compression> {
  const code = await ifd.number(TAG.compression, 1);
  const known = COMPRESSIONS[code];
  if (known) return known;
  const name = OTHER_COMPRESSIONS[code] ?? 'unknown';
  return fail(
    `compression ${code} (${name}) cannot be read, only none, LZW, DEFLATE and ZSTD; ${convert('-co COMPRESS=DEFLATE')}`,
  );
}

async function readSampleType(ifd: Ifd, bands: number, fail: Fail): Promise<SampleType> {
  const bits = (await ifd.numbers(TAG.bitsPerSample)) ?? Float64Array.of(1);
  const formats = (await ifd.numbers(TAG.sampleFormat)) ?? Float64Array.of(SAMPLE_FORMAT.uint);
  // One value may stand for all bands.
  for (const values of [bits, formats])
    if ((values.length !== 1 && values.length < bands) || values.some((v) => v !== values[0]))
      fail(`its bands have different sample types (${[...new Set(values)].slice(0, 5)}); ${convert('-ot Float32')}`);
  const format = formats[0] === SAMPLE_FORMAT.undefined ? SAMPLE_FORMAT.uint : formats[0];
  for (const [type, sample] of Object.entries(SAMPLES))
    if (sample.bytes * 8 === bits[0] && sample.format === format) return type as SampleType;
  return fail(
    `samples of ${bits[0]} bits in SampleFormat ${formats[0]} cannot be read, only integers of 8, 16 and 32 bits and floats of 32 and 64; ${convert('-ot Float32 -co NBITS=32')}`,
  );
}

async function readPredictor(
  ifd: Ifd,
  { compression, sampleType }: Pick<Layout, 'compression' | 'sampleType'>,
  fail: Fail,
): Promise<1 | 2 | 3> {
  // A predictor belongs to a compressor; without one it is not applied, whatever the tag says.
  if (compression === 'none') return 1;
  const code = await ifd.number(TAG.predictor, 1);
  if (code !== 1 && code !== 2 && code !== 3)
    return fail(`predictor ${code} does not exist, expected 1, 2 or 3; the TIFF file is damaged, get it again`);
  if (code === 3 && SAMPLES[sampleType].format !== SAMPLE_FORMAT.float)
    return fail(
      `predictor 3 is for floats, but the samples are ${sampleType}; ${convert('-co COMPRESS=DEFLATE -co PREDICTOR=2')}`,
    );
  return code;
}

/** Bytes of one decoded block with `rows` rows. */
export function blockBytes(layout: Layout, rows: number): number {
  return rows * layout.blockCols * (layout.planar ? 1 : layout.bands) * SAMPLES[layout.sampleType].bytes;
}

/** Rows that block `index` really holds: tiles are padded to their full height, the last strip is not. */
export function rowsOfBlock(layout: Layout, index: number): number {
  if (layout.tiled) return layout.blockRows;
  const row = (index % layout.blocksDown) * layout.blockRows;
  return Math.min(layout.blockRows, layout.rows - row);
}

function assertBlocks(layout: Layout, fileBytes: number, fail: Fail): void {
  const { offsets, byteCounts, compression, tiled } = layout;
  const kind = tiled ? 'tile' : 'strip';
  const count = layout.blocksAcross * layout.blocksDown * (layout.planar ? layout.bands : 1);
  const entries = Math.min(offsets.length, byteCounts.length);
  if (entries < count)
    fail(`expected the places of ${count} ${kind}s, got ${entries}; the TIFF file is damaged, get it again`);
  if (compression !== 'none' && blockBytes(layout, layout.blockRows) > MOST_BLOCK_BYTES)
    fail(
      `its ${kind}s of ${layout.blockRows} x ${layout.blockCols} pixels take ${blockBytes(layout, layout.blockRows)} bytes each, more than ${MOST_BLOCK_BYTES}; ${convert('-co TILED=YES -co COMPRESS=DEFLATE')}`,
    );
  for (let i = 0; i < count; i++) {
    const bytes = byteCounts[i]!;
    if (bytes === 0) continue;
    if (offsets[i]! < 8 || offsets[i]! + bytes > fileBytes)
      fail(
        `${kind} ${i} of ${count} should lie at bytes ${offsets[i]}..${offsets[i]! + bytes}, but the file has ${fileBytes} bytes; it is damaged or cut off, get it again`,
      );
    const needed = blockBytes(layout, rowsOfBlock(layout, i));
    if (needed > bytes * HIGHEST_RATIO[compression])
      fail(
        `${kind} ${i} of ${count} should hold ${needed} bytes, which ${bytes} bytes in the file cannot; it is damaged, get it again`,
      );
  }
}
