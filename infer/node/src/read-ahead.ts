// Spectra read while a model works elsewhere on those before.
import { setImmediate } from 'node:timers/promises';
import type { SpectraPack, SpectraReader } from '@egunet/infer';

type Stream = AsyncIterable<SpectraPack>;

/** A pack in arrays of its own. */
interface Kept {
  pixels: Uint32Array;
  spectra: Float32Array;
}

/** The pack, copied into arrays that are used again. */
function keep({ count, pixels, spectra }: SpectraPack, into: Kept): SpectraPack {
  if (into.spectra.length !== spectra.length) into.spectra = new Float32Array(spectra.length);
  if (into.pixels.length < count) into.pixels = new Uint32Array(count);
  into.spectra.set(spectra);
  into.pixels.set(pixels.subarray(0, count));
  return { count, ...into };
}

/** Yields the packs of a stream; the next one is read while the receiver waits for what it does with one. */
async function* ahead(stream: Stream): AsyncGenerator<SpectraPack, void, undefined> {
  const packs = stream[Symbol.asyncIterator]();
  const own: Kept = { pixels: new Uint32Array(0), spectra: new Float32Array(0) };
  let next = packs.next();
  try {
    for (let pack = await next; !pack.done; pack = await next) {
      const kept = keep(pack.value, own);
      next = setImmediate().then(() => packs.next()); // once the receiver has begun
      next.catch(() => {}); // seen when it is awaited
      yield kept;
    }
  } finally {
    await next.catch(() => {});
    await packs.return?.();
  }
}

/** The reader, one pack ahead of who asks for them. */
export const readAhead = (reader: SpectraReader): SpectraReader => ({
  ...{ name: reader.name, rows: reader.rows, cols: reader.cols, bands: reader.bands, block: reader.block },
  ...(reader.sensor !== undefined && { sensor: reader.sensor }),
  streamSpectra: (...wanted) => ahead(reader.streamSpectra(...wanted)),
});
