import { elementReader, MI, readTag } from './matlab-elements.js';
import { type MatArray, type MatContext, type MatVariable, readMatrix } from './matlab-matrix.js';
import { refuse } from './refuse.js';
import type { ByteSource, Codecs } from './source.js';

export type { MatArray, MatVariable } from './matlab-matrix.js';

const HEADER_LENGTH = 128;
/**
 * Sizes to allow a compressed variable, whose own size is written inside it alone: growing, so that room is made for little more than is there,
 * up to the most that DEFLATE can pack (1032 to 1) and MATLAB lets a variable take.
 */
const INFLATED = [8, 64, 1032].map((ratio) => (length: number) => Math.min(length * ratio + 4096, 2 ** 31 - 1));

/** True for the first bytes of a level 5 MAT-file, or of the HDF5 files (7.3) that bear the same header. */
export const isMatFile = (bytes: Uint8Array): boolean => latin1(bytes.subarray(0, 6)) === 'MATLAB';

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

async function readHeader(source: ByteSource): Promise<MatContext> {
  const { name } = source;
  const header = await source.read(0, Math.min(source.size, HEADER_LENGTH));
  const text = latin1(header.subarray(0, 116));
  if (text.startsWith('MATLAB 7.3') || text.startsWith('\x89HDF'))
    refuse(name, "a MATLAB 7.3 (HDF5) file, which is not read; save it in MATLAB with save(..., '-v7')");
  if (header.length < HEADER_LENGTH || !isMatFile(header)) refuse(name, 'not a MATLAB v5 file');
  const mark = latin1(header.subarray(126, 128));
  if (mark !== 'IM' && mark !== 'MI') refuse(name, 'damaged: no byte order in the MATLAB header; fetch the file again');
  return { name, bigEndian: mark === 'MI' };
}

async function inflate(bytes: Uint8Array, context: MatContext, codecs: Codecs): Promise<Uint8Array> {
  let failure: unknown;
  for (const limit of INFLATED)
    try {
      return await codecs.inflate(bytes, limit(bytes.length));
    } catch (cause) {
      failure = cause;
      // zlib's own errors (Z_DATA_ERROR, Z_BUF_ERROR) mean damage, which more room doesn't mend.
      if (String((cause as { code?: unknown }).code).startsWith('Z_')) break;
    }
  return refuse(context.name, 'damaged: a compressed variable does not decompress; fetch the file again', failure);
}

/** Every variable of a MATLAB v5 file, in the file's order. Rejects with RasterError where the file is damaged, or of version 7.3. */
export async function scanMatFile(source: ByteSource, codecs: Codecs): Promise<MatVariable[]> {
  const context = await readHeader(source);
  const variables: MatVariable[] = [];
  for (let at = HEADER_LENGTH; at < source.size; ) {
    if (at + 8 > source.size) refuse(source.name, 'cut short in the tag of a variable; fetch the file again');
    const { type, length, tagLength } = readTag(await source.read(at, 8), context.bigEndian);
    const end = tagLength === 4 ? at + 8 : at + 8 + length;
    if (end > source.size)
      refuse(source.name, `cut short: ${source.size} bytes, but a variable ends at ${end}; fetch the file again`);
    const bytes = type === MI.matrix || type === MI.compressed ? await source.read(at + 8, length) : undefined;
    // All but compressed elements are padded to 8 bytes.
    at = type === MI.compressed ? end : Math.ceil(end / 8) * 8;
    if (!bytes) continue;
    if (type === MI.matrix) variables.push(readMatrix(bytes, context));
    else {
      const inner = elementReader(await inflate(bytes, context, codecs), context.bigEndian, source.name).next();
      if (inner.type === MI.matrix) variables.push(readMatrix(inner.bytes, context));
    }
  }
  return variables.filter(({ name }) => name !== '');
}

/** The real numeric arrays of a MATLAB v5 file by name; cells, structs, text, sparse and complex arrays are left out. Rejects with RasterError where the file is damaged. */
export async function readMatFile(source: ByteSource, codecs: Codecs): Promise<Map<string, MatArray>> {
  const arrays = new Map<string, MatArray>();
  for (const { name, array } of await scanMatFile(source, codecs)) if (array) arrays.set(name, array());
  return arrays;
}

/** A variable as messages show it: `Y uint16 [198 x 10000]`. */
export const describeVariable = (variable: Pick<MatVariable, 'name' | 'class' | 'dims'>): string =>
  `${variable.name} ${variable.class} [${variable.dims.join(' x ')}]`;

/** One numeric variable by its name; throws RasterError, listing what there is, where it is missing or not numeric. */
export function findVariable(variables: readonly MatVariable[], variable: string, file: string): MatVariable {
  const found = variables.find(({ name }) => name === variable);
  const listed = variables.map(describeVariable).join(', ') || 'nothing';
  if (!found) refuse(file, `no variable '${variable}'; the file holds ${listed}`);
  if (!found.array) refuse(file, `variable '${variable}' is ${found.class}, not a real numeric array`);
  return found;
}

/** A matrix of numbers, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  /** [rows, cols] */
  readonly data: Float64Array;
}

/** A 2-D numeric variable (reference abundances [endmembers, pixels], endmembers [bands, endmembers]) as a row-major matrix. */
export async function readMatMatrix(source: ByteSource, codecs: Codecs, variable: string): Promise<Matrix> {
  const array = findVariable(await scanMatFile(source, codecs), variable, source.name).array!();
  const [rows, cols] = array.dims;
  if (array.dims.length !== 2 || rows === undefined || cols === undefined)
    refuse(source.name, `variable '${variable}' should be a matrix, got [${array.dims.join(' x ')}]`);
  const data = new Float64Array(rows * cols); // [rows, cols]
  for (let c = 0; c < cols; c++) for (let r = 0; r < rows; r++) data[r * cols + c] = array.data[c * rows + r]!;
  return { rows, cols, data };
}
