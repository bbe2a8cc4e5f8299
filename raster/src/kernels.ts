// The WebAssembly kernels (kernels/*.ts), and the memory that they work on. Addresses are in bytes.
import { RasterError } from './error.js';
import { KERNELS_HEX } from './generated/kernels.js';

/** What the module exports; `kernels/` says what each does. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  freeFrom(): number;
  beginInflate(): void;
  inflate(from: number, end: number, final: boolean, to: number, limit: number, history: number): number;
  inflatedFrom(): number;
  inflatedTo(): number;
  beginSum(): void;
  addToSum(from: number, end: number): void;
  sumSoFar(): number;
  readRuns(
    from: number,
    stop: number,
    end: number,
    symbols: number,
    count: number,
    most: number,
    counts: number,
  ): number;
  runSymbols(): number;
  shortestCode(frequencies: number, n: number, most: number, lengths: number, codes: number): void;
  writeCodes(lengths: number, n: number, codes: number): void;
  putCodes(symbols: number, count: number, codes: number, to: number, bits: number, bitCount: number): number;
  heldBits(): number;
  heldBitCount(): number;
  decodeLzw(input: number, inputBytes: number, output: number, size: number): number;
  undoDifferences(at: number, rows: number, length: number, stride: number, width: number): void;
  applyDifferences(at: number, rows: number, length: number, stride: number, width: number): void;
  undoFloats(at: number, rows: number, length: number, stride: number, width: number, scratch: number): void;
  applyFloats(at: number, rows: number, length: number, stride: number, width: number, scratch: number): void;
  setPack(capacity: number, bands: number, spectra: number, numbers: number): void;
  setBands(offsets: number, gains: number, shifts: number, missing: number): void;
  setGroups(at: number, count: number): void;
  packRow(type: number, from: number, cols: number, step: number, first: number): number;
  packPlaneRow(type: number, from: number, cols: number, first: number): number;
  packed(): number;
  emptyPack(): void;
}

/** The kernels with a memory of their own: one user at a time. */
export interface Kernels extends Omit<Exports, 'memory' | 'freeFrom'> {
  /** The first byte that callers may use, a multiple of 16. */
  readonly base: number;
  /** The memory as it is now; `reserve` may put another in its place. */
  readonly buffer: ArrayBuffer;
  /** Makes the memory reach to `end` at least. It never shrinks. Throws RasterError where there is not enough. */
  reserve(end: number): void;
}

const PAGE_BYTES = 2 ** 16;

/** Kernels read and write a little behind what they are given. */
const SLACK_BYTES = 64;

/** `address`, rounded up to where vectors lie best. */
export const aligned = (address: number): number => Math.ceil(address / 16) * 16;

/** The bytes of a text of two hexadecimal digits, 0 to 9 and a to f, for each. */
function bytesOf(digits: string): Uint8Array<ArrayBuffer> {
  const valueAt = (at: number) => {
    const code = digits.charCodeAt(at);
    return code < 58 ? code - 48 : code - 87;
  };
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * valueAt(2 * i) + valueAt(2 * i + 1);
  return bytes;
}

/** A new instance of the kernels, with a memory of its own. */
export function createKernels(): Kernels {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(KERNELS_HEX)));
  const { memory, freeFrom, ...kernels } = exports as Exports;
  return {
    ...kernels,
    base: freeFrom(),
    get buffer() {
      return memory.buffer;
    },
    reserve(end) {
      const lacking = end + SLACK_BYTES - memory.buffer.byteLength;
      if (lacking <= 0) return;
      try {
        memory.grow(Math.ceil(lacking / PAGE_BYTES));
      } catch (cause) {
        throw new RasterError(`${Math.ceil(end / 2 ** 20)} MiB of memory are not to be had; close other programs`, {
          cause,
        });
      }
    },
  };
}
