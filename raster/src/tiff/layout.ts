// How the samples of a TIFF image are stored: validated once here, trusted afterwards.
import { refuse } from '../refuse.js';
import { sampleSize } from '../samples.js';
import type { SampleType, Window } from '../scene.js';
import type { Ifd } from './ifd.js';
import { FORMAT_OF, SAMPLE_FORMAT, TAG } from './tags.js';

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

/** Compressed blocks are decoded whole, and kept while windows take parts of them: so much at most, also of the blocks of all bands that lie at one place. */
export const MOST_BLOCK_BYTES = 2 ** 30;

const MOST_PIXELS_A_SIDE = 2 ** 31;
const MOST_BANDS = 65535;

const DAMAGED = 'the file is damaged or cut off, get it again';

export const convert = (options: string): string => `convert it: gdal_translate ${options} IN.tif OUT.tif`;

/** Reads and validates the storage of an image: of blocks that cannot be where they should be only that they are listed, where damaged ones are allowed. Rejects with RasterError where it is damaged or not supported. */
export async function readLayout(
  ifd: Ifd,
  { fileBytes, allowDamaged }: { fileBytes: number; allowDamaged: boolean },
): Promise<Layout> {
  const shape = await readShape(ifd);
  const compression = await readCompression(ifd);
  const sampleType = await readSampleType(ifd, shape.bands);
  const layout: Layout = {
    ...shape,
    compression,
    sampleType,
    littleEndian: ifd.littleEndian,
    predictor: await readPredictor(ifd, compression, sampleType),
    offsets: (await ifd.numbers(shape.tiled ? TAG.tileOffsets : TAG.stripOffsets)) ?? new Float64Array(),
    byteCounts: (await ifd.numbers(shape.tiled ? TAG.tileByteCounts : TAG.stripByteCounts)) ?? new Float64Array(),
  };
  assertBlocks(ifd.name, layout);
  const count = blockCount(layout);
  for (let i = 0; i < count && !allowDamaged; i++) {
    const fault = faultOf(layout, i, fileBytes);
    if (fault) refuse(ifd.name, `${blockKind(layout)} ${i} of ${count} ${fault}; ${DAMAGED}`);
  }
  return layout;
}

type Shape = Pick<
  Layout,
  'rows' | 'cols' | 'bands' | 'planar' | 'tiled' | 'blockRows' | 'blockCols' | 'blocksAcross' | 'blocksDown'
>;

async function readShape(ifd: Ifd): Promise<Shape> {
  const size = async (tag: number, what: string, limits: { most: number; absent?: number }): Promise<number> => {
    const value = await ifd.number(tag, limits.absent ?? 0);
    if (!Number.isInteger(value) || value < 1 || value > limits.most)
      refuse(ifd.name, `${what} is ${value}, expected 1..${limits.most}; ${DAMAGED}`);
    return value;
  };
  const side = { most: MOST_PIXELS_A_SIDE };
  const rows = await size(TAG.height, 'the number of rows', side);
  const cols = await size(TAG.width, 'the number of columns', side);
  const bands = await size(TAG.samplesPerPixel, 'the number of bands', { most: MOST_BANDS, absent: 1 });
  const planes = await size(TAG.planarConfiguration, 'PlanarConfiguration', { most: 2, absent: 1 });
  const tiled = ifd.has(TAG.tileWidth) || ifd.has(TAG.tileOffsets);
  const blockCols = tiled ? await size(TAG.tileWidth, 'the tile width', side) : cols;
  const blockRows = tiled
    ? await size(TAG.tileHeight, 'the tile height', side)
    : Math.min(rows, await size(TAG.rowsPerStrip, 'RowsPerStrip', { most: 2 ** 32, absent: rows }));
  return {
    rows,
    cols,
    bands,
    planar: planes === 2 && bands > 1,
    tiled,
    blockRows,
    blockCols,
    blocksAcross: Math.ceil(cols / blockCols),
    blocksDown: Math.ceil(rows / blockRows),
  };
}

/** How blocks are compressed. Rejects with RasterError where it is in no way that is read. */
export async function readCompression(ifd: Ifd): Promise<Compression> {
  const code = await ifd.number(TAG.compression, 1);
  const known = COMPRESSIONS[code];
  const fillOrder = await ifd.number(TAG.fillOrder, 1);
  if (known && fillOrder === 1) return known;
  const found = known ? `FillOrder ${fillOrder}` : `compression ${code} (${OTHER_COMPRESSIONS[code] ?? 'unknown'})`;
  return refuse(
    ifd.name,
    `${found} cannot be read, only none, LZW, DEFLATE and ZSTD in FillOrder 1; ${convert('-co COMPRESS=DEFLATE')}`,
  );
}

/** The type of the samples of all bands. Rejects with RasterError where it is none that is read. */
export async function readSampleType(ifd: Ifd, bands: number): Promise<SampleType> {
  const bits = (await ifd.numbers(TAG.bitsPerSample)) ?? Float64Array.of(1);
  const formats = (await ifd.numbers(TAG.sampleFormat)) ?? Float64Array.of(SAMPLE_FORMAT.uint);
  // One value may stand for all bands.
  for (const values of [bits, formats])
    if ((values.length !== 1 && values.length < bands) || values.some((v) => v !== values[0]))
      refuse(ifd.name, `its bands differ in sample type or lack one; ${convert('-ot Float32')}`);
  const format = formats[0] === SAMPLE_FORMAT.undefined ? SAMPLE_FORMAT.uint : formats[0];
  for (const type of Object.keys(FORMAT_OF) as SampleType[])
    if (sampleSize(type) * 8 === bits[0] && FORMAT_OF[type] === format) return type;
  return refuse(
    ifd.name,
    `samples of ${bits[0]} bits in SampleFormat ${formats[0]} cannot be read, only integers of 8, 16 and 32 bits and floats of 32 and 64; ${convert('-ot Float32')}`,
  );
}

async function readPredictor(ifd: Ifd, compression: Compression, sampleType: SampleType): Promise<1 | 2 | 3> {
  // A predictor belongs to a compressor; without one it is not applied, whatever the tag says.
  if (compression === 'none') return 1;
  const code = await ifd.number(TAG.predictor, 1);
  if (code !== 1 && code !== 2 && code !== 3)
    return refuse(ifd.name, `predictor ${code} does not exist, expected 1, 2 or 3; ${DAMAGED}`);
  if (code === 3 && FORMAT_OF[sampleType] !== SAMPLE_FORMAT.float)
    refuse(ifd.name, `predictor 3 is for floats, but its samples are ${sampleType}; ${DAMAGED}`);
  return code;
}

/** Bytes of one decoded row of a block. */
export const rowBytes = (layout: Layout): number =>
  layout.blockCols * (layout.planar ? 1 : layout.bands) * sampleSize(layout.sampleType);

/** Rows that block `index` really holds: tiles are padded to their full height, the last strip is not. */
export function rowsOfBlock(layout: Layout, index: number): number {
  if (layout.tiled) return layout.blockRows;
  const row = (index % layout.blocksDown) * layout.blockRows;
  return Math.min(layout.blockRows, layout.rows - row);
}

/** What blocks are called. */
export const blockKind = ({ tiled }: Layout): string => (tiled ? 'tile' : 'strip');

const blockCount = ({ blocksAcross, blocksDown, planar, bands }: Layout): number =>
  blocksAcross * blocksDown * (planar ? bands : 1);

function assertBlocks(name: string, layout: Layout): void {
  const { offsets, byteCounts, compression, blockRows, blockCols } = layout;
  const count = blockCount(layout);
  const entries = Math.min(offsets.length, byteCounts.length);
  if (entries < count)
    refuse(name, `expected the places of ${count} ${blockKind(layout)}s, got ${entries}; ${DAMAGED}`);
  const whole = blockRows * rowBytes(layout);
  if (compression !== 'none' && whole > MOST_BLOCK_BYTES)
    refuse(
      name,
      `${blockKind(layout)}s of ${blockRows} x ${blockCols} pixels take ${whole} bytes each, more than ${MOST_BLOCK_BYTES}; ${convert('-co TILED=YES -co COMPRESS=DEFLATE')}`,
    );
}

/** What shows, before it is read, that a block cannot be decoded; undefined where nothing does. */
export function faultOf(layout: Layout, index: number, fileBytes: number): string | undefined {
  const bytes = layout.byteCounts[index]!;
  const at = layout.offsets[index]!;
  if (bytes === 0) return undefined;
  if (at < 8 || at + bytes > fileBytes)
    return `should lie at bytes ${at}..${at + bytes}, but the file has ${fileBytes} bytes`;
  const needed = rowsOfBlock(layout, index) * rowBytes(layout);
  if (needed > bytes * HIGHEST_RATIO[layout.compression])
    return `should hold ${needed} bytes, which its ${bytes} bytes in the file cannot`;
  return undefined;
}

/** The pixels of the scene that a block holds. */
export function windowOfBlock(layout: Layout, index: number): Window {
  const { rows, cols, blockRows, blockCols, blocksAcross, blocksDown } = layout;
  const place = index % (blocksAcross * blocksDown);
  const [row, col] = [Math.floor(place / blocksAcross) * blockRows, (place % blocksAcross) * blockCols];
  return { row, col, rows: Math.min(blockRows, rows - row), cols: Math.min(blockCols, cols - col) };
}
