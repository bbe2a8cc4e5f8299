// Maps to write in every format.
import type { SampleArray, SampleType } from '@egunet/raster';
import { createMapFile, type MapFileOptions, type MapFormatName } from '@egunet/raster/node';
import { arrays, cut, type Size, windowsOf } from './geotiff-support.js';

export const NO_DATA: Partial<Record<SampleType, number>> = { float32: Number.NaN, uint16: 65535, uint8: 255 };

export interface Case extends Size {
  readonly type: SampleType;
  readonly tile: number;
}

/** Smooth surfaces with a slanted edge, beyond which there is no data. */
export function surfaces({ type, rows, cols, bands }: Case): SampleArray {
  const top = type === 'float32' ? 1 : type === 'uint16' ? 10_000 : 200;
  return new arrays[type](rows * cols * bands).map((_: number, i: number) => {
    const [row, col, band] = [Math.floor(i / bands / cols), Math.floor(i / bands) % cols, i % bands];
    if (3 * row + col < (cols + rows) / 3) return NO_DATA[type]!;
    return top * (0.5 + 0.5 * Math.sin(row / 37 + band) * Math.cos(col / 23 - band));
  });
}

export const optionsOf = ({ rows, cols, bands, type, tile }: Case): Omit<MapFileOptions, 'format'> => ({
  rows,
  cols,
  tile,
  sampleType: type,
  bands: Array.from({ length: bands }, (_, i) => ({
    name: `material ${i + 1}`,
    ...(type !== 'float32' && { gain: type === 'uint16' ? 1e-4 : 0.005, offset: 0 }),
  })),
  noData: NO_DATA[type]!,
  georeference: { affine: [30, 0, 300_000, 0, -30, 5_800_000], epsg: 32633 },
  metadata: { TIFFTAG_SOFTWARE: 'egunet 0', EGUNET_SCENE: 'a {strange}\nname.tif' },
  identity: { scene: 'a' },
  overwrite: true,
});

/** Writes a map window by window. */
export async function writeMap(
  path: string,
  one: Case,
  { format, values, step = 100, ...more }: { format: MapFormatName; values: SampleArray; step?: number } & Partial<MapFileOptions>, // biome-ignore format: one line
) {
  const file = await createMapFile(path, { ...optionsOf(one), ...more, format });
  try {
    for (const window of windowsOf(one, step)) await file.writeWindow(window, cut(values, one, window));
    return await file.close();
  } finally {
    await file.stop();
  }
}
