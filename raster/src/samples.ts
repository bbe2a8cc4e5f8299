import type { SampleArray, SampleType } from './scene.js';

/** The typed array that holds each sample type. */
export const sampleArrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Bytes of one sample. */
export const sampleSize = (type: SampleType): number => sampleArrays[type].BYTES_PER_ELEMENT;

/** `value` as it reads back from samples of `type`: files name the NoData of float32 samples with more or fewer digits than they hold. */
export const asStored = (value: number, type: SampleType): number => (type === 'float32' ? Math.fround(value) : value);

/** Reverses the bytes of every `size`-byte sample in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size)
    for (let low = start, high = start + size - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
}

/**
 * Samples from their bytes; `bytes.length` is a multiple of the sample's size. Little-endian bytes that lie aligned are viewed, others copied;
 * `bytes` itself is never changed. JavaScript engines run on little-endian machines only, so no other case is kept.
 */
export function toSamples(bytes: Uint8Array, type: SampleType, bigEndian: boolean): SampleArray {
  const Samples = sampleArrays[type];
  const size = Samples.BYTES_PER_ELEMENT;
  const swap = bigEndian && size > 1;
  // Not slice(): a Buffer's gives a view.
  const own = swap || bytes.byteOffset % size !== 0 ? new Uint8Array(bytes) : bytes;
  if (swap) swapBytes(own, size);
  return new Samples(own.buffer as ArrayBuffer, own.byteOffset, own.length / size);
}
