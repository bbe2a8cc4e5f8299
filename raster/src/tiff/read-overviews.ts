// Which of a TIFF file's further images are its first one with fewer pixels (TIFF 6.0, NewSubfileType; TIFF technical note 1, SubIFDs).
import { RasterError } from '../error.js';
import type { Ifd } from './ifd.js';
import { type Layout, readCompression, readSampleType } from './layout.js';
import { TAG } from './tags.js';

/** A reduced image, whose blocks nobody has looked at yet. */
export interface ReducedImage {
  readonly ifd: Ifd;
  readonly rows: number;
  readonly cols: number;
}

/** Bits of NewSubfileType. */
const REDUCED = 1;
const MASK = 4;

/** No pyramid has more images, masks included; a longer chain is not followed further. */
const MOST_DIRECTORIES = 64;

/** What is asked of a directory; undefined where it is damaged, or says what is not read. */
const unlessRefused = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error) => {
    if (error instanceof RasterError) return undefined;
    throw error;
  });

type Like = Pick<Layout, 'rows' | 'cols' | 'bands' | 'sampleType'>;

/** The image, where it is the main one with fewer pixels. */
async function asReduced(ifd: Ifd, main: Like): Promise<ReducedImage | undefined> {
  const [rows, cols] = [await ifd.number(TAG.height, 0), await ifd.number(TAG.width, 0)];
  const smaller =
    rows >= 1 && cols >= 1 && rows <= main.rows && cols <= main.cols && rows * cols < main.rows * main.cols;
  const bands = await ifd.number(TAG.samplesPerPixel, 1);
  const listed = Math.max(ifd.count(TAG.bitsPerSample), ifd.count(TAG.sampleFormat));
  if (!smaller || bands !== main.bands || listed > bands) return undefined;
  await readCompression(ifd); // one that is not read is of no use
  return (await readSampleType(ifd, bands)) === main.sampleType ? { ifd, rows, cols } : undefined;
}

/**
 * The reduced images of a file, largest first, that have the bands and sample type of its first one: among its SubIFDs, and those behind it
 * in the chain up to the next image of its own. What is damaged is left out.
 */
export async function findReduced(main: Ifd, like: Like): Promise<ReducedImage[]> {
  const subIfds = main.count(TAG.subIfds) <= MOST_DIRECTORIES && (await unlessRefused(main.numbers(TAG.subIfds)));
  const waiting = [...(subIfds || []), main.next];
  const seen = new Set([0, main.offset]);
  const found: ReducedImage[] = [];
  for (const offset of waiting) {
    if (seen.has(offset) || seen.size > MOST_DIRECTORIES) continue;
    seen.add(offset);
    const ifd = await unlessRefused(main.directoryAt(offset));
    const kind = (ifd && (await unlessRefused(ifd.number(TAG.subfileType, 0)))) ?? 0;
    if (!ifd || (kind & (REDUCED | MASK)) === 0) continue;
    waiting.push(ifd.next);
    const image = (kind & MASK) === 0 && (await unlessRefused(asReduced(ifd, like)));
    if (image) found.push(image);
  }
  return found.sort((a, b) => b.rows * b.cols - a.rows * a.cols);
}
