// HDF5 files in memory: what the readers see of a file, without the library.

import { emitBands } from '@egunet/fixtures';
import type { Hdf5Dataset, Hdf5File, Hdf5Values } from '@egunet/raster';

type Values = Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array;

export interface MemoryDataset {
  readonly data: Values;
  readonly shape: readonly number[];
  readonly chunks?: readonly number[];
  readonly attributes?: Readonly<Record<string, Hdf5Values>>;
}

export interface MemoryContent {
  readonly attributes: Readonly<Record<string, Hdf5Values>>;
  /** By absolute path. */
  readonly datasets: Readonly<Record<string, MemoryDataset>>;
}

/** A file that counts what is read of it. */
export type MemoryHdf5 = Hdf5File & { readonly reads: { path: string; start: readonly number[]; count: readonly number[] }[]; closed: boolean }; // biome-ignore format: one line says more

const TYPES = { Float32Array: 'float32', Float64Array: 'float64', Int32Array: 'int32', Uint16Array: 'uint16', Uint8Array: 'uint8' } as const; // biome-ignore format: one line says more

function box({ data, shape }: MemoryDataset, start: readonly number[], count: readonly number[]): Values {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const size = count.reduce((a, b) => a * b, 1);
  const out = data.slice(0, 0);
  const Type = out.constructor as new (length: number) => Values;
  const values = new Type(size);
  for (let i = 0; i < size; i++) {
    let rest = i;
    let from = 0;
    for (let axis = count.length - 1; axis >= 0; axis--) {
      from += (start[axis]! + (rest % count[axis]!)) * steps[axis]!;
      rest = Math.floor(rest / count[axis]!);
    }
    values[i] = data[from]!;
  }
  return values;
}

export function memoryHdf5({ attributes, datasets }: MemoryContent, name = 'memory.h5'): MemoryHdf5 {
  const file: MemoryHdf5 = {
    name,
    size: 2 ** 30,
    reads: [],
    closed: false,
    members(group) {
      const prefix = group === '/' ? '/' : `${group}/`;
      const below = Object.keys(datasets).filter((path) => path.startsWith(prefix));
      return [...new Set(below.map((path) => path.slice(prefix.length).split('/')[0]!))];
    },
    dataset(path): Hdf5Dataset | undefined {
      const found = datasets[path];
      if (!found) return undefined;
      const { data, shape, chunks } = found;
      const type = TYPES[data.constructor.name as keyof typeof TYPES];
      return { path, shape, sampleType: type, ...(chunks && { chunks }) };
    },
    attribute: (path, key) => (path === '/' ? attributes[key] : datasets[path]?.attributes?.[key]),
    read({ path }, start, count) {
      file.reads.push({ path, start, count });
      return box(datasets[path]!, start, count);
    },
    close() {
      file.closed = true;
    },
  };
  return file;
}

/** An EMIT file of 3 rows x 4 columns x 5 bands, sample (row, col, band) = row + col / 10 + band / 100, on a map of 2 x 3 pixels. */
export function emitContent(): { attributes: Record<string, Hdf5Values>; datasets: Record<string, MemoryDataset> } {
  const bands = emitBands(5);
  const shape = [3, 4, 5];
  const data = Float32Array.from(
    { length: 60 },
    (_, i) => Math.floor(i / 20) + (Math.floor(i / 5) % 4) / 10 + (i % 5) / 100,
  );
  return {
    attributes: { geotransform: [10, 0.5, 0, 50, 0, -0.5], spatial_ref: ['GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]]'] },
    datasets: {
      '/reflectance': { data, shape, attributes: { _FillValue: [-9999] } },
      '/sensor_band_parameters/wavelengths': { data: Float32Array.from(bands, (b) => b.wavelength), shape: [5] },
      '/sensor_band_parameters/fwhm': { data: Float32Array.of(8, 8, 0, 8, 8), shape: [5] },
      '/sensor_band_parameters/good_wavelengths': { data: Uint8Array.of(1, 1, 0, 1, 1), shape: [5] },
      '/location/glt_x': {
        data: Int32Array.of(4, 0, -1, 2, -9999, 3),
        shape: [2, 3],
        attributes: { _FillValue: [-9999] },
      },
      '/location/glt_y': {
        data: Int32Array.of(3, 0, -2, 1, -9999, 0),
        shape: [2, 3],
        attributes: { _FillValue: [-9999] },
      },
    },
  };
}

/** A PRISMA file of 2 rows x 3 columns; two bands of VNIR (one of them not there), three of SWIR. */
export function prismaContent(): { attributes: Record<string, Hdf5Values>; datasets: Record<string, MemoryDataset> } {
  const fields = '/HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields';
  return {
    attributes: {
      List_Cw_Vnir: [0, 950],
      List_Fwhm_Vnir: [0, 12],
      List_Cw_Swir: [2000, 960, 0],
      List_Fwhm_Swir: [9, 10, 0],
      List_Cw_Swir_Flags: [1, 0, 0],
      L2ScaleVnirMin: [0],
      L2ScaleVnirMax: [0.65535],
      L2ScaleSwirMin: [0.1],
      L2ScaleSwirMax: [1.4107],
      Epsg_Code: [32633],
      Product_ULcorner_easting: [1015],
      Product_ULcorner_northing: [2015],
      Product_LRcorner_easting: [1075],
      Product_LRcorner_northing: [1985],
    },
    datasets: {
      [`${fields}/VNIR_Cube`]: { data: Uint16Array.from({ length: 12 }, (_, i) => i), shape: [2, 2, 3] },
      [`${fields}/SWIR_Cube`]: { data: Uint16Array.from({ length: 18 }, (_, i) => 100 + i), shape: [2, 3, 3] },
    },
  };
}
