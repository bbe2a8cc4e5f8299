import type { Scene } from '@egunet/raster';
import { encode } from 'fast-png';
import { viridis } from './ramp.js';

// Legend: P = rows x cols pixels of a picture, K bands of it.

/** A few bands of a scene, thinned to what a screen shows. */
export interface Picture {
  readonly rows: number;
  readonly cols: number;
  /** Every `step`-th pixel of the scene was taken, both ways. */
  readonly step: number;
  /** Reflectance, or whatever the file holds after gain and offset: one [P] array a band, NaN where there is no data. */
  readonly planes: readonly Float32Array[];
}

/** Reads `bands` of a scene block row by block row, keeping every n-th pixel so that neither side has more than `limit` of them. */
export async function readPicture(scene: Scene, bands: readonly number[], limit = 800): Promise<Picture> {
  const step = Math.max(1, Math.ceil(Math.max(scene.rows, scene.cols) / limit));
  const rows = Math.ceil(scene.rows / step);
  const cols = Math.ceil(scene.cols / step);
  const planes = bands.map(() => new Float32Array(rows * cols).fill(Number.NaN));
  const height = Math.max(1, Math.min(scene.block.rows, 512));
  for (let top = 0; top < scene.rows; top += height) {
    const window = { row: top, col: 0, rows: Math.min(height, scene.rows - top), cols: scene.cols };
    const { spectra, valid } = await scene.readSpectra(window, bands);
    for (let row = Math.ceil(top / step) * step; row < top + window.rows; row += step)
      for (let col = 0; col < scene.cols; col += step) {
        const from = (row - top) * scene.cols + col;
        if (!valid[from]) continue;
        const to = (row / step) * cols + col / step;
        for (const [k, plane] of planes.entries()) plane[to] = spectra[from * bands.length + k]!;
      }
  }
  return { rows, cols, step, planes };
}

/** The 2 % and 98 % points of a plane's values; a plane without contrast gets a range around its value. */
function stretch(plane: Float32Array): [low: number, high: number] {
  const values = plane.filter((value) => Number.isFinite(value)).sort();
  const low = values[Math.floor(0.02 * (values.length - 1))] ?? 0;
  const high = values[Math.ceil(0.98 * (values.length - 1))] ?? 1;
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}

function toPng({ rows, cols }: Picture, colour: (pixel: number) => readonly number[] | undefined): Uint8Array {
  const data = new Uint8Array(rows * cols * 4);
  for (let i = 0; i < rows * cols; i++) {
    const rgb = colour(i);
    if (rgb) data.set([rgb[0]!, rgb[1]!, rgb[2]!, 255], i * 4);
  }
  return encode({ width: cols, height: rows, data, channels: 4 });
}

/** Three planes as red, green and blue, each stretched from its 2 % to its 98 % point; pixels without data are transparent. */
export function colourPng(picture: Picture): Uint8Array {
  const ranges = picture.planes.map(stretch);
  return toPng(picture, (i) => {
    if (picture.planes.some((plane) => Number.isNaN(plane[i]!))) return undefined;
    return picture.planes.map((plane, k) => {
      const [low, high] = ranges[k]!;
      return Math.round(255 * Math.min(1, Math.max(0, (plane[i]! - low) / (high - low))));
    });
  });
}

/** One plane of values in [0, 1] in the viridis ramp; pixels without data are transparent. */
export function mapPng(picture: Picture, plane: number): Uint8Array {
  const values = picture.planes[plane]!;
  return toPng(picture, (i) => (Number.isNaN(values[i]!) ? undefined : viridis(values[i]!)));
}

/** Centres of red, green and blue light in nm, as quicklooks use them. */
const TRUE_COLOUR = [660, 550, 470] as const;

/** What to show as red, green and blue. */
export interface ColourBands {
  readonly bands: readonly [number, number, number];
  /** `true colour (660, 550, 471 nm)`, or why it is not. */
  readonly caption: string;
}

/** The usable bands nearest to 660, 550 and 470 nm; bands spread over the scene's where no wavelength is that near. */
export function colourBands(scene: Pick<Scene, 'bands'>): ColourBands {
  const good = scene.bands.flatMap((band, index) => (band.bad ? [] : [{ ...band, index }]));
  const usable = good.length > 0 ? good : scene.bands.map((band, index) => ({ ...band, index }));
  const nearest = TRUE_COLOUR.map((nm) => {
    const distance = (band: (typeof usable)[number]) => Math.abs((band.wavelength ?? Number.POSITIVE_INFINITY) - nm);
    return usable.reduce((best, band) => (distance(band) < distance(best) ? band : best));
  });
  if (
    nearest.every(({ wavelength }, k) => Math.abs((wavelength ?? Number.POSITIVE_INFINITY) - TRUE_COLOUR[k]!) <= 30)
  ) {
    const [r, g, b] = nearest as [(typeof usable)[number], (typeof usable)[number], (typeof usable)[number]];
    const nm = nearest.map(({ wavelength }) => Math.round(wavelength!)).join(', ');
    return { bands: [r.index, g.index, b.index], caption: `true colour (${nm} nm)` };
  }
  const at = (share: number) => usable[Math.floor(share * (usable.length - 1))]!.index;
  const bands: [number, number, number] = [at(0.75), at(0.5), at(0.25)];
  return { bands, caption: `false colour (bands ${bands.map((band) => band + 1).join(', ')})` };
}
