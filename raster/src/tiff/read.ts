// GeoTIFF and cloud-optimised GeoTIFF: the full-resolution image of a file as a scene, and its overviews.
import { createKernels } from '../kernels.js';
import { makeScene, type SceneCore } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import type { Band, Georeference, Overview, Scene, Window } from '../scene.js';
import { type ByteSource, type Codecs, stoppable } from '../source.js';
import { parseNoData, readBands } from './bands.js';
import { makeBlockCache } from './cache.js';
import { assertBlock, decodeBlock } from './decode.js';
import type { Edges } from './edges.js';
import { type GdalItem, parseGdalMetadata } from './gdal-metadata.js';
import { readGeoreference, scaleGeoreference } from './georeference.js';
import { partsOf } from './grid.js';
import { type Ifd, readIfd } from './ifd.js';
import { convert, type Layout, MOST_BLOCK_BYTES, readLayout, rowBytes, rowsOfBlock } from './layout.js';
import { findReduced } from './read-overviews.js';
import { streamsWindow, streamWindow } from './stream-window.js';
import { TAG, type Words } from './tags.js';
import { type FetchRows, readWindow } from './window.js';

/** Three 512 x 512 blocks of 224 int16 bands: a row of them across an EnMAP scene. Where larger blocks need more, `MOST_BLOCK_BYTES` bounds them. */
const CACHE_BYTES = 384 * 2 ** 20;

/**
 * Opens the full-resolution image of a GeoTIFF: none, DEFLATE, LZW or ZSTD; predictors 1-3; tiles or strips; pixel- or band-interleaved; BigTIFF.
 * Wavelengths, gains, bad bands and names come from GDAL's metadata. Closing the scene closes `source`; where this rejects, closing it is the caller's.
 * `cacheBytes` bounds the decoded blocks that are kept because a window took only a part of them; one of every plane is kept at least, up to 1 GiB, so that windows beside each other decode it once.
 * With `allowDamaged` a file that is cut off opens, and reading a block that is not whole rejects.
 * Overviews are those of the file itself; each keeps as many decoded blocks of its own.
 * Rejects with RasterError where the file is damaged or stored in a way that cannot be read.
 */
export async function openGeoTiff(
  source: ByteSource,
  codecs: Codecs,
  {
    cacheBytes = CACHE_BYTES,
    allowDamaged = false,
  }: { cacheBytes?: number | undefined; allowDamaged?: boolean | undefined } = {},
): Promise<Scene> {
  const ifd = await readIfd(source);
  const layoutOf = (image: Ifd) => readLayout(image, { fileBytes: source.size, allowDamaged });
  const layout = await layoutOf(ifd);
  const { name } = source;
  const noData = parseNoData(await ifd.text(TAG.gdalNoData), name);
  const items = parseMetadata(await ifd.text(TAG.gdalMetadata), name);
  const bands = readBands(items, { count: layout.bands, noData, name });
  const georeference = await readGeoreference(ifd);
  const decoding = { codecs, cacheBytes, allowDamaged };
  const core = imageCore(source, layout, { items, bands, noData, georeference, ...decoding });
  const reduced = await findReduced(ifd, layout);
  const overviews = reduced.map(({ ifd: image, ...size }): Overview => {
    const scaled = georeference && scaleGeoreference(georeference, layout, size);
    const open = async () => {
      const own = imageCore(source, await layoutOf(image), { items, bands, noData, georeference: scaled, ...decoding });
      return makeScene({ ...own, close: async () => {} });
    };
    return { ...size, open };
  });
  return makeScene({ ...core, ...(overviews.length > 0 && { overviews }) });
}

interface ImageOptions {
  readonly items: readonly GdalItem[];
  readonly bands: readonly Band[];
  readonly noData: number | undefined;
  readonly georeference: Georeference | undefined;
  readonly codecs: Codecs;
  readonly cacheBytes: number;
  readonly allowDamaged: boolean;
}

/** An image of the file as a scene. */
function imageCore(
  source: ByteSource,
  layout: Layout,
  { items, bands, noData, georeference, codecs, cacheBytes, allowDamaged }: ImageOptions,
): SceneCore {
  const { name } = source;
  const sensor = sensorOf(items);
  const fetchRows = makeRowReader(source, layout, { codecs, cacheBytes });
  const edgesOf = makeEdgeKeeper(layout);
  return {
    name,
    format: 'GeoTIFF',
    ...(sensor !== undefined && { sensor }),
    rows: layout.rows,
    cols: layout.cols,
    sampleType: layout.sampleType,
    bands,
    ...(georeference && { georeference }),
    block: { rows: Math.min(layout.blockRows, layout.rows), cols: Math.min(layout.blockCols, layout.cols) },
    facts: factsOf(layout, items),
    readWindow: async (window, wanted = Array.from({ length: layout.bands }, (_, i) => i), { signal } = {}) => {
      assertKept(name, layout, { window, bands: wanted });
      const fetchWanted: FetchRows = async (...rows) => {
        signal?.throwIfAborted();
        return fetchRows(...rows);
      };
      return readWindow(layout, { fetchRows: fetchWanted, noData }, { window, bands: wanted });
    },
    streamRows: (window, wanted, { signal, edges: width = 0 } = {}) => {
      const options = { source: stoppable(source, signal), codecs, noData, allowDamaged };
      return streamsWindow(layout, { window, bands: wanted, edges: width > 0 })
        ? async function* (memory) {
            yield* streamWindow(
              layout,
              { window, bands: wanted },
              { ...options, edges: await edgesOf(wanted, width), memory },
            );
          }
        : undefined;
    },
    close: () => source.close(),
  };
}

/** The edges kept for windows of the bands asked for last; what keeps them is loaded with the first. */
function makeEdgeKeeper(layout: Layout): (bands: readonly number[], width: number) => Promise<Edges> | undefined {
  let kept: { readonly key: string; readonly edges: Promise<Edges> } | undefined;
  const load = async (bands: readonly number[], width: number) =>
    (await import('./edges.js')).makeEdges(layout, { bands, width });
  return (bands, width) => {
    if (width === 0) return undefined;
    const key = `${width} ${bands.join()}`;
    if (kept?.key !== key) kept = { key, edges: load(bands, width) };
    return kept.edges;
  };
}

const parseMetadata = (xml: string | undefined, name: string): GdalItem[] =>
  xml === undefined || xml.trim() === '' ? [] : parseGdalMetadata(xml, name);

const sensorOf = (items: readonly GdalItem[]): string | undefined =>
  items.find((i) => i.sample === undefined && /^(sensor|sensor[_ ]type|satelliteid)$/i.test(i.name))?.value ||
  undefined;

function factsOf(layout: Layout, items: readonly GdalItem[]): Record<string, string> {
  const predictor = layout.predictor === 1 ? '' : `, predictor ${layout.predictor}`;
  const facts: Record<string, string> = {
    compression: `${layout.compression}${predictor}`,
    storage: `${layout.tiled ? 'tiles' : 'strips'} of ${layout.blockRows} x ${layout.blockCols}, ${layout.planar ? 'band' : 'pixel'}-interleaved`,
  };
  for (const item of items)
    if (item.sample === undefined && item.domain === undefined && item.value.length <= 200)
      facts[item.name] ??= item.value;
  return facts;
}

/** Refuses a window of a file whose every window would decode the same blocks anew, as they are too large to be kept. */
function assertKept(
  name: string,
  layout: Layout,
  { window, bands }: { window: Window; bands: readonly number[] },
): void {
  const bytes = bands.length * layout.blockRows * rowBytes(layout);
  if (!layout.planar || layout.compression === 'none' || bytes <= MOST_BLOCK_BYTES) return;
  if (partsOf(layout, window).every(({ whole }) => whole)) return;
  refuse(
    name,
    `a window of ${bands.length} bands takes parts of as many ${layout.tiled ? 'tiles' : 'strips'}, ${bytes} bytes together, more than the ${MOST_BLOCK_BYTES} that can be kept for the next window; ${convert('-co TILED=YES -co COMPRESS=DEFLATE')}`,
  );
}

function makeRowReader(
  source: ByteSource,
  layout: Layout,
  { codecs, cacheBytes }: { codecs: Codecs; cacheBytes: number },
): FetchRows {
  const { offsets, byteCounts } = layout;
  const bytesPerRow = rowBytes(layout);
  const kernels = createKernels();
  const decode = async (index: number, from: number, to: number): Promise<Words> => {
    assertBlock(layout, index, source);
    // Rows of an uncompressed block are read by themselves.
    const part = layout.compression === 'none';
    const offset = offsets[index]! + (part ? from * bytesPerRow : 0);
    const bytes = await source.read(offset, part ? (to - from) * bytesPerRow : byteCounts[index]!);
    return decodeBlock(bytes, layout, { codecs, kernels, place: { name: source.name, index, rows: to - from } });
  };
  const blockBytes = layout.blockRows * bytesPerRow;
  const planes = layout.planar ? layout.bands : 1;
  const capacity = Math.max(
    Math.floor(cacheBytes / blockBytes),
    Math.min(planes, Math.floor(MOST_BLOCK_BYTES / blockBytes)),
    1,
  );
  const cached = makeBlockCache(capacity, (index) => decode(index, 0, rowsOfBlock(layout, index)));
  return async (index, { from, to, keep }) => {
    if (byteCounts[index] === 0) return undefined;
    if (layout.compression === 'none') return { words: await decode(index, from, to), first: from };
    return { words: await cached(index, keep), first: 0 };
  };
}
