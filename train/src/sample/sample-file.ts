// A scene's sample as bytes, for a cache: a mark, the header's length, the SHA-256 of the rest; a header in JSON; its arrays one after the other
// as the processor that wrote them holds them. What cannot be read is no error: the scene is there to be read again. Legend: n pixels, B bands, k pixels of a block.
import { createHash } from 'node:crypto';
import type { SpectraBlock } from '../endmembers/types.js';
import type { SceneSample } from './sample-scene.js';

/** Of this file's layout and this processor's order of bytes. */
const MARK = 0x45475531;

interface Header {
  /** What decided about the sample, as text. */
  readonly key: string;
  readonly bands: number;
  /** Pixels that were kept. */
  readonly kept: number;
  readonly validPixels: number;
  readonly nonFinitePixels: number;
  readonly totalPixels: number;
  /** Pixels of each block, and of each patch where they were asked for [k]. */
  readonly blocks: readonly number[];
  readonly patches?: readonly number[];
}

/** Bytes of the mark and the header's length, and of the SHA-256 of all that follows it. */
const [START, DIGEST] = [8, 32];

const sizesOf = (blocks: readonly SpectraBlock[]): number[] => blocks.map(({ positions }) => positions.length);

/** The bytes of a sample; `key` says what decided about it. */
export function encodeSample(sample: SceneSample, key: string): Uint8Array {
  const { bands, pixels, positions, blocks, patches, bandStatistics } = sample;
  const { validPixels, nonFinitePixels, totalPixels } = sample;
  const parts = [...blocks, ...(patches ?? [])];
  const { min, max, mean } = bandStatistics;
  const arrays = [positions, ...parts.map((part) => part.positions), pixels, ...parts.map((part) => part.spectra), min, max, mean]; // biome-ignore format: one list
  const body = Buffer.concat(arrays.map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)));
  const header: Header = {
    ...{ key, bands, kept: positions.length, validPixels, nonFinitePixels, totalPixels, blocks: sizesOf(blocks) },
    ...(patches && { patches: sizesOf(patches) }),
  };
  const text = Buffer.from(JSON.stringify(header));
  const start = new Uint32Array([MARK, text.length]);
  const digest = createHash('sha256').update(text).update(body).digest();
  return Buffer.concat([new Uint8Array(start.buffer), digest, text, body]);
}

/** The sample that these bytes hold, if they are whole and it was made by `key`; else undefined. */
export function decodeSample(bytes: Uint8Array, key: string): SceneSample | undefined {
  try {
    const { header, body } = splitFile(bytes);
    return header.key === key ? sampleOf(header, body) : undefined;
  } catch {
    return undefined; // cut off, or another file
  }
}

function sampleOf(header: Header, body: Uint8Array): SceneSample {
  const { bands, kept, blocks, patches } = header;
  const { validPixels, nonFinitePixels, totalPixels } = header;
  const buffer = body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer;
  let at = 0;
  const take = <T>(
    make: new (buffer: ArrayBuffer, at: number, length: number) => T,
    length: number,
    size: number,
  ): T => {
    at += length * size;
    return new make(buffer, at - length * size, length);
  };
  const doubles = (length: number) => take(Float64Array, length, 8);
  const floats = (length: number) => take(Float32Array, length, 4);
  const positions = doubles(kept);
  const places = [...blocks, ...(patches ?? [])].map(doubles);
  const pixels = floats(kept * bands);
  const parts = places.map((positions) => ({ spectra: floats(positions.length * bands), positions }));
  return {
    ...{ bands, pixels, positions, validPixels, nonFinitePixels, totalPixels },
    blocks: parts.slice(0, blocks.length),
    ...(patches && { patches: parts.slice(blocks.length) }),
    bandStatistics: { min: floats(bands), max: floats(bands), mean: floats(bands) },
  };
}

/** Throws where the bytes are not those that were written. */
function splitFile(bytes: Uint8Array): { header: Header; body: Uint8Array } {
  const [mark, length] = new Uint32Array(Uint8Array.from(bytes.subarray(0, START)).buffer);
  const digest = bytes.subarray(START, START + DIGEST);
  const rest = bytes.subarray(START + DIGEST);
  if (mark !== MARK || !createHash('sha256').update(rest).digest().equals(digest)) throw new RangeError('damaged');
  const text = new TextDecoder().decode(rest.subarray(0, length));
  return { header: JSON.parse(text) as Header, body: rest.subarray(length) };
}
