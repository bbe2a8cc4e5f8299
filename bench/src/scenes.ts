// Scenes with reference abundances. Legend: N pixels, row by row; B bands; C materials. MATLAB files number pixels column by column.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ByteSource, type Matrix, readMatFile, readMatMatrix } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import type { SampleWindow, SpectraReader } from '@egunet/train';

/** A scene held in memory. */
export interface SceneInMemory {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  /** [N, B] */
  readonly spectra: Float32Array;
  /** 1 for each pixel with data [N]; all have where absent. */
  readonly valid?: Uint8Array;
}

/** One with its reference. */
export interface ReferenceScene extends SceneInMemory {
  /** Reference abundances [N, C]. */
  readonly reference: Float32Array;
  /** Reference spectra [C, B]. */
  readonly referenceEndmembers: Float32Array;
  readonly materials: readonly string[];
  /** How it was made, where it was. */
  readonly made?: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of real scenes. */
export const dataFolder = resolve(root, process.env.EGUNET_DATA ?? '../shared/data');

async function read<T>(file: string, how: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await openFile(join(dataFolder, file));
  try {
    return await how(source);
  } finally {
    await source.close();
  }
}

/** A matrix of a MATLAB file of the data folder. */
export const matrix = (file: string, variable: string): Promise<Matrix> =>
  read(file, (source) => readMatMatrix(source, nodeCodecs, variable));

/** An array [rows, cols, V] of such a file, as the matrix [V, N] whose columns are pixels numbered column by column. */
export async function cube(file: string, variable: string): Promise<Matrix> {
  const { dims, data } = (await read(file, (source) => readMatFile(source, nodeCodecs))).get(variable)!;
  const [rows, cols] = [dims[2]!, dims[0]! * dims[1]!];
  return { rows, cols, data: Float64Array.from(data) }; // pixels run fastest in the file, as columns do here
}

/** A matrix [V, N] whose columns are pixels numbered column by column, as [N, V] row by row. */
export function pixelMajor(
  { data, rows: values, cols: pixels }: Matrix,
  [rows, cols]: [number, number],
  scale = 1,
): Float32Array {
  const out = new Float32Array(values * pixels);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++)
      for (let v = 0; v < values; v++)
        out[(row * cols + col) * values + v] = data[v * pixels + col * rows + row]! * scale;
  return out;
}

/** A matrix [B, C] as [C, B]. */
export function transposed({ data, rows, cols }: Matrix): Float32Array {
  return Float32Array.from({ length: rows * cols }, (_, i) => data[(i % rows) * cols + Math.floor(i / rows)]!);
}

/** AVIRIS Jasper Ridge, 100 x 100 x 198, 4 materials. The file names no scale; 1e-4 makes reflectance of its values. */
export async function jasperRidge(): Promise<ReferenceScene> {
  const image = await matrix('jasper-ridge/jasperRidge2_R198.mat', 'Y');
  const file = 'jasper-ridge/Jasper_GT.mat';
  return {
    name: 'Jasper Ridge',
    rows: 100,
    cols: 100,
    bands: 198,
    spectra: pixelMajor(image, [100, 100], 1e-4),
    reference: pixelMajor(await matrix(file, 'A'), [100, 100]),
    referenceEndmembers: transposed(await matrix(file, 'M')),
    materials: ['tree', 'water', 'dirt', 'road'],
  };
}

/** Samson, 95 x 95 x 156, 3 materials. */
export async function samson(): Promise<ReferenceScene> {
  const file = 'samson/Samson_GT.mat';
  return {
    name: 'Samson',
    rows: 95,
    cols: 95,
    bands: 156,
    spectra: pixelMajor(await matrix('samson/Samson.mat', 'V'), [95, 95]),
    reference: pixelMajor(await matrix(file, 'A'), [95, 95]),
    referenceEndmembers: transposed(await matrix(file, 'M')),
    materials: ['soil', 'tree', 'water'],
  };
}

/** The upper left corner of a scene, at most `side` pixels a side. */
export function cropped(scene: ReferenceScene, side: number): ReferenceScene {
  const [rows, cols] = [Math.min(side, scene.rows), Math.min(side, scene.cols)];
  if (rows === scene.rows && cols === scene.cols) return scene;
  const corner = (values: Float32Array, width: number) => {
    const out = new Float32Array(rows * cols * width);
    for (let row = 0; row < rows; row++)
      out.set(values.subarray(row * scene.cols * width, (row * scene.cols + cols) * width), row * cols * width);
    return out;
  };
  const { spectra, reference, materials, bands } = scene;
  return { ...scene, rows, cols, spectra: corner(spectra, bands), reference: corner(reference, materials.length) };
}

/** The scene as training reads scenes. */
export function readerOf({ rows, cols, bands, spectra, valid }: SceneInMemory): SpectraReader {
  const readSpectra = async (window: SampleWindow, wanted: readonly number[]) => {
    const out = new Float32Array(window.rows * window.cols * wanted.length);
    const usable = new Uint8Array(window.rows * window.cols).fill(1);
    let [at, pixel] = [0, 0];
    for (let row = window.row; row < window.row + window.rows; row++)
      for (let col = window.col; col < window.col + window.cols; col++) {
        for (const band of wanted) out[at++] = spectra[(row * cols + col) * bands + band]!;
        usable[pixel++] = valid?.[row * cols + col] ?? 1;
      }
    return { spectra: out, valid: usable };
  };
  return { rows, cols, block: { rows, cols }, readSpectra };
}
