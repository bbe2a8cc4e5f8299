import { type ElementReader, elementReader, type MatElement, MI, STORAGE, storageSize } from './matlab-elements.js';
import { refuse } from './refuse.js';
import { toSamples } from './samples.js';
import type { SampleArray } from './scene.js';

/** A numeric array of a MAT-file. */
export interface MatArray {
  /** MATLAB's class: `double`, `uint16`, `logical` ... */
  readonly class: string;
  readonly dims: readonly number[];
  /**
   * Column-major: the first dimension runs fastest. In the type in which the file stores the values: MATLAB keeps doubles that are whole numbers as integers.
   * 64-bit integers come as float64, which must hold them exactly.
   */
  readonly data: SampleArray;
}

/** Any variable of a MAT-file; `array` reads its values, and is there for real numeric arrays alone. */
export interface MatVariable {
  readonly name: string;
  readonly class: string;
  readonly dims: readonly number[];
  readonly array?: () => MatArray;
}

/** Classes by their code. */
const NUMERIC: Readonly<Record<number, string>> = {
  6: 'double',
  7: 'single',
  8: 'int8',
  9: 'uint8',
  10: 'int16',
  11: 'uint16',
  12: 'int32',
  13: 'uint32',
  14: 'int64',
  15: 'uint64',
};
const OTHERS: Readonly<Record<number, string>> = { 1: 'cell', 2: 'struct', 3: 'object', 4: 'char', 5: 'sparse' };

const COMPLEX = 0x0800;
const LOGICAL = 0x0200;

/** Big-endian or not, and the file's name for messages. */
export interface MatContext {
  readonly name: string;
  readonly bigEndian: boolean;
}

function uint32s(element: MatElement, context: MatContext, what: string): number[] {
  if ((element.type !== MI.uint32 && element.type !== MI.int32) || element.bytes.length % 4 !== 0)
    refuse(context.name, `damaged: a variable without ${what}; fetch the file again`);
  return [...toSamples(element.bytes, 'uint32', context.bigEndian)];
}

function wideIntegers(bytes: Uint8Array, signed: boolean, context: MatContext): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => {
    const value = signed ? view.getBigInt64(i * 8, !context.bigEndian) : view.getBigUint64(i * 8, !context.bigEndian);
    if (!Number.isSafeInteger(Number(value)))
      refuse(context.name, `holds the integer ${value}, beyond 2^53; store the variable as double`);
    return Number(value);
  });
}

/** The real part of a matrix. */
function readValues(
  element: MatElement,
  context: MatContext,
  wanted: { readonly variable: string; readonly count: number },
): SampleArray {
  const storage = STORAGE[element.type];
  if (!storage || element.bytes.length !== wanted.count * storageSize(storage))
    refuse(
      context.name,
      `damaged: variable '${wanted.variable}' should hold ${wanted.count} numbers, got ${element.bytes.length} bytes of type ${element.type}; fetch the file again`,
    );
  return storage === 'int64' || storage === 'uint64'
    ? wideIntegers(element.bytes, storage === 'int64', context)
    : toSamples(element.bytes, storage, context.bigEndian);
}

function describeMatrix(reader: ElementReader, context: MatContext): MatVariable & { readonly code: number } {
  const flags = uint32s(reader.next(), context, 'flags')[0] ?? 0;
  const code = flags & 0xff;
  // Function handles and tables (17) have no dimensions here.
  if (code === 0 || code > 15) return { name: '', class: 'opaque', dims: [], code };
  const dims = uint32s(reader.next(), context, 'dimensions');
  const name = String.fromCharCode(...reader.next().bytes.subarray(0, 63));
  const kind = flags & COMPLEX ? 'complex ' : flags & LOGICAL ? 'logical' : '';
  const plain = NUMERIC[code] ?? OTHERS[code] ?? 'unknown';
  return { name, dims, class: kind === 'logical' ? kind : `${kind}${plain}`, code };
}

/** What a matrix element holds. Its values are read when asked for: a file's other variables cost little. */
export function readMatrix(bytes: Uint8Array, context: MatContext): MatVariable {
  const reader = elementReader(bytes, context.bigEndian, context.name);
  const { code, ...variable } = describeMatrix(reader, context);
  if (!NUMERIC[code] || variable.class.startsWith('complex')) return variable;
  const count = variable.dims.reduce((product, size) => product * size, 1);
  const real = reader.next();
  return {
    ...variable,
    array: () => ({
      class: variable.class,
      dims: variable.dims,
      data: readValues(real, context, { variable: variable.name, count }),
    }),
  };
}
