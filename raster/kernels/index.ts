// The inner loops of reading and writing rasters, as WebAssembly with 128-bit vectors: compiled by generate.mjs.
export { addToSum, beginSum, sumSoFar } from './adler';
export { beginInflate, inflate, inflatedFrom, inflatedTo } from './inflate';
export { decodeLzw } from './lzw';
export { emptyPack, packed, packPlaneRow, packRow, setBands, setGroups, setPack } from './pack';
export { applyDifferences, applyFloats, undoDifferences, undoFloats } from './predictor';
export { shortestCode, writeCodes } from './prefix-codes';
export { heldBitCount, heldBits, putCodes, readRuns, runSymbols } from './runs';

/** The first byte that the module itself does not use, a multiple of 16. */
export function freeFrom(): usize {
  return (__heap_base + 15) & ~15;
}
