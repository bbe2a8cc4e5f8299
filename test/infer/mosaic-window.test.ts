// Windows of several scenes in memory. Legend: N pixels, B bands, C endmembers, D values a pixel.
import assert from 'node:assert/strict';
import {
  type MosaicPart,
  makeQualityMeter,
  type Overlap,
  planBands,
  planMosaic,
  sharedWindow,
  unmixMosaic,
  unmixWindow,
  type Window,
  windowFrom,
} from '@egunet/infer';
import fc from 'fast-check';
import { cardBands, hashedSpectra, type MemoryScene, memoryReader, modelCard, proportionSession } from './support.js';

const card = modelCard();
const [B, C] = [card.bands.length, card.endmembers.length];
const D = C + 2;
const BATCH = 16;
const session = proportionSession(B, C);

/** A scene and where it lies on the grid. */
interface Placed {
  readonly scene: MemoryScene;
  readonly place: Window;
}

/** Small scenes at any places, with any pixels without data, bands in any order, brightness of its own; tiles of any shape. */
const anyScene = fc
  .record({
    row: fc.integer({ min: 0, max: 9 }),
    col: fc.integer({ min: 0, max: 9 }),
    rows: fc.integer({ min: 1, max: 9 }),
    cols: fc.integer({ min: 1, max: 9 }),
    most: fc.constantFrom(0.3, 0.6, 0.9),
    order: fc.shuffledSubarray(
      Array.from({ length: B }, (_, b) => b),
      { minLength: B },
    ),
    bits: fc.array(fc.boolean(), { minLength: 81, maxLength: 81 }),
    block: fc.record({ rows: fc.integer({ min: 1, max: 9 }), cols: fc.integer({ min: 1, max: 9 }) }),
  })
  .map(({ row, col, rows, cols, most, order, bits, block }): Placed => {
    const scene = {
      rows,
      cols,
      bands: order.map((b) => cardBands(card)[b]!),
      spectra: hashedSpectra(rows * cols * B + row, most).slice(row),
      valid: Uint8Array.from({ length: rows * cols }, (_, i) => Number(bits[i])),
      block: { rows: Math.min(rows, block.rows), cols: Math.min(cols, block.cols) },
    };
    return { scene, place: { row, col, rows, cols } };
  });

const anyTile = fc.option(fc.record({ rows: fc.integer({ min: 1, max: 8 }), cols: fc.integer({ min: 1, max: 8 }) }), {
  nil: undefined,
});

const grid = { rows: 18, cols: 18 };
const whole = { row: 0, col: 0, ...grid };

const partOf = ({ scene, place }: Placed): MosaicPart & { reads: Window[] } => {
  const reader = memoryReader(scene);
  return { name: 'scene', place, plan: planBands(reader, card), reads: reader.windows, open: async () => reader };
};

/** A scene's own map with quality [rows * cols, D], from one window. */
async function alone({ scene }: Placed): Promise<Float32Array> {
  const reader = memoryReader(scene);
  const window = { row: 0, col: 0, rows: scene.rows, cols: scene.cols };
  const work = { card, plan: planBands(reader, card), batch: BATCH, quality: makeQualityMeter(card) };
  return (await unmixWindow(session, { reader, window }, work)).abundances;
}

/** What a mosaic should be, pixel by pixel [rows * cols, D]: plain loops over the maps of its scenes. */
async function compose(scenes: readonly Placed[], overlap: Overlap): Promise<Float32Array> {
  const expected = new Float32Array(grid.rows * grid.cols * D).fill(Number.NaN);
  for (const placed of scenes) {
    const map = await alone(placed);
    const { row, col, rows, cols } = placed.place;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) {
        const pixel = map.slice((r * cols + c) * D, (r * cols + c + 1) * D);
        const at = ((row + r) * grid.cols + col + c) * D;
        if (Number.isNaN(pixel[0]!)) continue;
        if (overlap === 'quality' && expected[at + C]! < pixel[C]!) continue;
        expected.set(pixel, at);
      }
  }
  return expected;
}

/** The mosaic, window by window as it is planned. */
async function unmixAll(
  scenes: readonly Placed[],
  options: { overlap: Overlap; quality: boolean; tile?: { rows: number; cols: number } | undefined },
) {
  const { overlap, quality, tile } = options;
  const parts = scenes.map(partOf);
  const width = quality ? D : C;
  const map = new Float32Array(grid.rows * grid.cols * width).fill(-1);
  const windows = planMosaic(
    scenes.map(({ place, scene }) => ({ place, block: scene.block! })),
    { grid, window: whole, tile },
  );
  for (const window of windows) {
    const touching = parts.filter(({ place }) => sharedWindow(window, place));
    const work = { card, batch: BATCH, quality, overlap, aroundDamage: false };
    const { abundances } = await unmixMosaic(session, { window, parts: touching }, work);
    for (let r = 0; r < window.rows; r++) {
      const row = abundances.subarray(r * window.cols * width, (r + 1) * window.cols * width);
      const at = ((window.row + r) * grid.cols + window.col) * width;
      assert.ok(
        map.subarray(at, at + row.length).every((value) => value === -1),
        'written twice',
      );
      map.set(row, at);
    }
  }
  assert.ok(!map.includes(-1), 'not written');
  return { map, parts };
}

const first = (values: Float32Array, width: number) => values.filter((_, i) => i % D < width);

describe('a mosaic of scenes', () => {
  for (const overlap of ['last', 'quality'] as const)
    it(`is what plain loops make of its scenes' own maps, by ${overlap}, bit for bit, whatever the tiles`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyScene, { minLength: 2, maxLength: 4 }),
          anyTile,
          fc.boolean(),
          async (scenes, tile, quality) => {
            const expected = await compose(scenes, overlap);
            const { map } = await unmixAll(scenes, { overlap, quality, tile });
            assert.deepEqual(map, quality ? expected : first(expected, C));
          },
        ),
        { numRuns: 150, seed: 7 },
      );
    });

  it('by quality takes of equal scenes the later one', async () => {
    // All endmembers are one, so that all abundances explain a spectrum equally well; the session gives the whole pixel to the one of the scene's number.
    const spectrum = card.endmembers[0]!.spectrum;
    const alike = { ...card, endmembers: card.endmembers.map((one) => ({ ...one, spectrum })) };
    const scene = { rows: 1, cols: 1, bands: cardBands(card), spectra: hashedSpectra(B) };
    const place = { row: 0, col: 0, rows: 1, cols: 1 };
    const opened: number[] = [];
    const parts = [0, 1].map((p) => {
      const part = partOf({ scene, place });
      const open = () => {
        opened.push(p);
        return part.open();
      };
      return { ...part, open };
    });
    const run = async () => Float32Array.from({ length: C * BATCH }, (_, i) => Number(i % C === opened.at(-1)));
    const work = { card: alike, batch: BATCH, overlap: 'quality', aroundDamage: false } as const;
    const { abundances } = await unmixMosaic({ ...session, run }, { window: place, parts }, work);
    assert.deepEqual(opened, [1, 0]);
    assert.deepEqual([...abundances], [0, 1, 0]);
  });

  it('reads a scene below another only where that one lacks data, and no more of it than that', async () => {
    const bands = cardBands(card);
    const [rows, cols] = [6, 8];
    const valid = new Uint8Array(rows * cols).fill(1);
    for (const pixel of [2 * cols + 3, 3 * cols + 5]) valid[pixel] = 0;
    const scene = { rows, cols, bands, spectra: hashedSpectra(rows * cols * B), block: { rows, cols } };
    const place = { row: 4, col: 2, rows, cols };
    const scenes = [scene, scene, { ...scene, valid }].map((one) => ({ scene: one, place }));
    const { parts } = await unmixAll(scenes, { overlap: 'last', quality: false });
    const reads = parts.map(({ reads }) => reads);
    assert.deepEqual(reads, [[], [{ row: 2, col: 3, rows: 2, cols: 3 }], [{ row: 0, col: 0, rows, cols }]]);
    const runs = session.runs.length;
    await unmixAll(scenes.slice(0, 2), { overlap: 'last', quality: false });
    assert.equal(session.runs.length - runs, Math.ceil((rows * cols) / BATCH));
  });

  it('leaves out what is asked for, of all scenes or of one', async () => {
    const bands = cardBands(card);
    const [rows, cols] = [3, 4];
    const make = (most: number) => ({ rows, cols, bands, spectra: hashedSpectra(rows * cols * B, most) });
    const place = { row: 0, col: 0, rows, cols };
    const scenes = [make(0.3), make(0.7)].map((scene) => ({ scene, place }));
    const [below, above] = await Promise.all(scenes.map(alone));
    const leaveOut = Uint8Array.from({ length: rows * cols }, (_, i) => Number(i === 5));
    const ofTop = Uint8Array.from({ length: rows * cols }, (_, i) => Number(i % 2 === 0));
    const parts = scenes.map(partOf).map((part, p) => ({
      ...part,
      ...(p === 1 && { masked: { window: place, marks: ofTop } }),
    }));
    const work = { card, batch: BATCH, overlap: 'last', aroundDamage: false } as const;
    const { abundances, seenOf } = await unmixMosaic(session, { window: place, parts, leaveOut }, work);
    const expected = Float32Array.from({ length: rows * cols * C }, (_, i) => {
      const [pixel, c] = [Math.floor(i / C), i % C];
      return pixel === 5 ? Number.NaN : (pixel % 2 === 0 ? below! : above!)[pixel * D + c]!;
    });
    assert.deepEqual(abundances, expected);
    assert.deepEqual(
      seenOf.map(({ validPixels }) => validPixels),
      [6, 5],
    );
  });

  it('stops between two scenes', async () => {
    const scene = { rows: 1, cols: 1, bands: cardBands(card), spectra: hashedSpectra(B), valid: Uint8Array.of(0) };
    const place = { row: 0, col: 0, rows: 1, cols: 1 };
    const stop = new AbortController();
    const parts = [partOf({ scene, place }), partOf({ scene, place })];
    const open = () => {
      stop.abort(new Error('stopped'));
      return parts[1]!.open();
    };
    const stopping = { ...parts[1]!, open };
    const work = { card, batch: BATCH, overlap: 'last', aroundDamage: false, signal: stop.signal } as const;
    await assert.rejects(unmixMosaic(session, { window: place, parts: [parts[0]!, stopping] }, work), /stopped/);
    assert.deepEqual(parts[0]!.reads, []);
  });
});

/** The number of the scene on top of a pixel; -1 where there is none. */
const topOf = (scenes: readonly { readonly place: Window }[], { row, col }: Pick<Window, 'row' | 'col'>): number =>
  scenes.reduce((top, { place }, s) => (sharedWindow(place, { row, col, rows: 1, cols: 1 }) ? s : top), -1);

describe('the plan of a mosaic', () => {
  const scene = (row: number, col: number, rows: number, cols: number, block = { rows: 512, cols: 512 }) => ({
    place: { row, col, rows, cols },
    block: { rows: Math.min(rows, block.rows), cols: Math.min(cols, block.cols) },
  });

  it('covers any part of the grid once, with no window across the edge of the scene on top', () => {
    const number = (min: number, max: number) => fc.integer({ min, max });
    const anyPlace = fc.tuple(number(0, 30), number(0, 30), number(1, 30), number(1, 30), number(1, 12), number(1, 12));
    fc.assert(
      fc.property(
        fc.array(anyPlace, { minLength: 1, maxLength: 5 }),
        fc.tuple(number(0, 20), number(0, 20), number(1, 40), number(1, 40)),
        anyTile,
        (places, [row, col, rows, cols], tile) => {
          const scenes = places.map(([r, c, h, w, down, across]) => scene(r, c, h, w, { rows: down, cols: across }));
          const map = { row, col, rows, cols };
          const top = (row: number, col: number) => topOf(scenes, { row, col });
          const seen = new Set<number>();
          for (const window of planMosaic(scenes, { grid: { rows: 60, cols: 60 }, window: map, tile })) {
            assert.ok(
              tile === undefined ||
                (window.rows <= tile.rows && window.cols <= tile.cols) ||
                top(window.row, window.col) < 0,
            );
            for (let r = window.row; r < window.row + window.rows; r++)
              for (let c = window.col; c < window.col + window.cols; c++) {
                assert.equal(top(r, c), top(window.row, window.col));
                assert.ok(sharedWindow(map, { row: r, col: c, rows: 1, cols: 1 }) && !seen.has(r * 60 + c));
                seen.add(r * 60 + c);
              }
          }
          assert.equal(seen.size, rows * cols);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });

  it('takes whole blocks of the scene on top, wherever it begins', () => {
    const scenes = [scene(0, 0, 1200, 1100), scene(700, 300, 1200, 1100)];
    const windows = planMosaic(scenes, { grid: { rows: 1900, cols: 1400 }, window: { row: 0, col: 0, rows: 1900, cols: 1400 } }); // biome-ignore format: one call
    const own = windows
      .filter((window) => sharedWindow(scenes[1]!.place, window))
      .map((window) => windowFrom(scenes[1]!.place, window));
    assert.equal(own.length, 9);
    for (const { row, col, rows, cols } of own)
      assert.deepEqual(
        [row % 512, col % 512, Math.min(512, 1200 - row), Math.min(512, 1100 - col)],
        [0, 0, rows, cols],
      );
  });

  it('goes along the rows of the map, scene by scene, however many lie in a row, and leaves few of its tiles unfinished', () => {
    const numbers = Array.from({ length: 40 }, (_, i) => (7 * i) % 40); // in no order of their places
    const scenes = numbers.map((n) => scene(Math.floor(n / 10) * 900, (n % 10) * 950, 1000, 1000));
    const grid = { rows: 3700, cols: 9550 };
    const windows = planMosaic(scenes, { grid, window: { row: 0, col: 0, ...grid } });
    const across = Math.ceil(grid.cols / 512);
    const left = new Map<number, number>();
    let [most, last, changes] = [0, -1, 0];
    for (const window of windows) {
      const top = topOf(scenes, window);
      if (top >= 0 && top !== last) [last, changes] = [top, changes + 1];
      for (let r = Math.floor(window.row / 512); r * 512 < window.row + window.rows; r++)
        for (let c = Math.floor(window.col / 512); c * 512 < window.col + window.cols; c++) {
          const tile = { row: r * 512, col: c * 512, rows: Math.min(512, grid.rows - r * 512), cols: Math.min(512, grid.cols - c * 512) }; // biome-ignore format: one window
          const shared = sharedWindow(tile, window)!;
          const open = (left.get(r * across + c) ?? tile.rows * tile.cols) - shared.rows * shared.cols;
          if (open > 0) left.set(r * across + c, open);
          else left.delete(r * across + c);
        }
      most = Math.max(most, left.size);
    }
    assert.equal(left.size, 0);
    assert.ok(most <= 2 * 8 + 8, `${most} of ${8 * across} tiles unfinished`); // two rows of a swath of 8, and some
    assert.ok(changes <= 3 * scenes.length, `${changes} changes of the scene`); // each lies in two or three rows of tiles
  });

  it('makes windows of what no scene covers, too', () => {
    const scenes = [scene(0, 0, 100, 100), scene(5000, 20_000, 100, 100)];
    const grid = { rows: 5100, cols: 20_100 };
    const windows = planMosaic(scenes, { grid, window: { row: 0, col: 0, ...grid } });
    assert.equal(windows.reduce((sum, { rows, cols }) => sum + rows * cols, 0), grid.rows * grid.cols); // biome-ignore format: a sum
    assert.equal(windows.filter((window) => scenes.some(({ place }) => sharedWindow(place, window))).length, 2);
  });

  it('refuses a map of more tiles than can be handled, and windows that are not on the grid', () => {
    const scenes = [scene(0, 0, 100, 100), scene(2 ** 30, 2 ** 30, 100, 100)];
    const grid = { rows: 2 ** 30 + 100, cols: 2 ** 30 + 100 };
    assert.throws(() => planMosaic(scenes, { grid, window: { row: 0, col: 0, ...grid } }), {
      _tag: 'InferError',
      message:
        /a map of 1073741924 rows x 1073741924 columns has 4398050705409 tiles, more than 4194304: several scenes may lie far apart/,
    });
    assert.throws(
      () => planMosaic(scenes, { grid: { rows: 9, cols: 9 }, window: { row: 0, col: 8, rows: 1, cols: 2 } }),
      {
        _tag: 'InferError',
        message: /is not inside the scene of 9 x 9 pixels/,
      },
    );
  });
});
