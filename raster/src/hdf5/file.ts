import { refuse } from '../refuse.js';
import type { SampleArray, SampleType } from '../scene.js';

/** What an HDF5 file says of one of its datasets. */
export interface Hdf5Dataset {
  /** Absolute, without a slash at its end. */
  readonly path: string;
  /** Sizes of its dimensions, the last one varying fastest. */
  readonly shape: readonly number[];
  /** Absent where its values are not numbers that fit a typed array. */
  readonly sampleType?: SampleType;
  /** Sizes of a chunk, which is stored (and compressed) as one; absent where the values lie in one piece. */
  readonly chunks?: readonly number[];
}

/** Values of an attribute: all of them, as one list. */
export type Hdf5Values = readonly number[] | readonly string[];

/**
 * An open HDF5 file. What is not there is undefined; what is there and cannot be read throws RasterError.
 * The readers of this folder need nothing else, so that another platform can bring its own library.
 */
export interface Hdf5File {
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Names of a group's members; empty where there is no such group. */
  members(group: string): readonly string[];
  dataset(path: string): Hdf5Dataset | undefined;
  /** An attribute of a group or dataset, `/` for those of the file. */
  attribute(path: string, name: string): Hdf5Values | undefined;
  /** Values of the box of a dataset that begins at `start` and has the sizes `count`, the last dimension varying fastest. */
  read(dataset: Hdf5Dataset, start: readonly number[], count: readonly number[]): Promise<SampleArray> | SampleArray;
  close(): void;
}

/** A dataset of numbers. */
export type NumericDataset = Hdf5Dataset & { readonly sampleType: SampleType };

/** A side longer than this is a damaged file: the longest strips of the sensors have some 10,000 rows. */
const LONGEST_SIDE = 2 ** 20;

const describeShape = (shape: readonly number[]): string => `[${shape.slice(0, 8).join(' x ')}]`;

/** A dataset of numbers with as many dimensions as `axes` names, each at least 1. Throws RasterError at anything else. */
export function needDataset(file: Hdf5File, path: string, axes: readonly string[]): NumericDataset {
  const dataset = file.dataset(path);
  if (!dataset)
    refuse(file.name, `no dataset ${path} that can be read; the file is incomplete or damaged, fetch it again`);
  const { shape, sampleType } = dataset;
  if (shape.length !== axes.length)
    refuse(file.name, `${path} should be [${axes.join(' x ')}], got ${describeShape(shape)}; fetch it again`);
  if (shape.some((side) => !Number.isInteger(side) || side < 1 || side > LONGEST_SIDE))
    refuse(
      file.name,
      `${path} is ${describeShape(shape)}, where each side should be 1 to ${LONGEST_SIDE}; the file is damaged, fetch it again`,
    );
  if (!sampleType) refuse(file.name, `${path} should hold numbers of 1 to 4 bytes, or floats of 4 or 8; it does not`);
  return { ...dataset, sampleType };
}

/** All values of a small list with `length` values. */
export async function readList(file: Hdf5File, path: string, length: number): Promise<number[]> {
  const dataset = needDataset(file, path, ['values']);
  if (dataset.shape[0] !== length)
    refuse(file.name, `${path} should list ${length} values, one a band, got ${dataset.shape[0]}; fetch it again`);
  return [...(await file.read(dataset, [0], [length]))];
}

/** An attribute of the file as text; undefined where there is none. */
export function textAttribute(file: Hdf5File, name: string): string | undefined {
  const values = file.attribute('/', name);
  return values && values.length === 1 ? String(values[0]) : undefined;
}

/** `count` finite numbers of an attribute of the file. Throws RasterError where it is missing, or holds anything else. */
export function numbersAttribute(file: Hdf5File, name: string, count: number): number[] {
  const values = file.attribute('/', name);
  if (!values) refuse(file.name, `no attribute '${name}'; the file is incomplete, fetch it again`);
  if (values.length !== count)
    refuse(file.name, `attribute '${name}' should hold ${count} numbers, got ${values.length}; fetch it again`);
  return values.map((value) => {
    const number = value === '' ? Number.NaN : Number(value);
    if (!Number.isFinite(number))
      refuse(file.name, `attribute '${name}' should hold finite numbers, got '${String(value).slice(0, 40)}'`);
    return number;
  });
}

/** Attributes of the file that a person may want to see, by what they are called then; those that it has. */
export function factsOf(file: Hdf5File, names: Readonly<Record<string, string>>): Record<string, string> {
  const told = Object.entries(names).flatMap(([name, fact]) => {
    const text = textAttribute(file, name);
    return text ? [[fact, text] as const] : [];
  });
  return Object.fromEntries(told);
}
