// Which of a TIFF file's further images are its first one with fewer pixels (TIFF 6.0, NewSubfileType; TIFF technical note 1, SubIFDs).
import { RasterError } from '../error.js';
import type { Ifd } from './ifd.js';
import { type Layout, readSampleType } from './layout.js';
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

/** Images, masks and others, of which the file says that they belong to its first one: its SubIFDs, and those behind it in the chain up to the next image of its own. */
async function* directoriesOf(main: Ifd): AsyncGenerator<{ ifd: Ifd; kind: number }, void, undefined> {
  const few = main.count(TAG.subIfds) <= MOST_DIRECTORIES;
  const waiting = [...((few && (await main.numbers(TAG.subIfds))) || []), main.next];
  const seen = new Set([0, main.offset]);
  for (const offset of waiting) {
    if (seen.has(offset)) continue;
    if (seen.size > MOST_DIRECTORIES) return;
    seen.add(offset);
    const ifd = await main.directoryAt(offset);
    const kind = await ifd.number(TAG.subfileType, 0);
    if ((kind & (REDUCED | MASK)) === 0) continue;
    yield { ifd, kind };
    waiting.push(ifd.next);
  }
}

type Like = Pick<Layout, 'rows' | 'cols' | 'bands' | 'sampleType'>;

/** The image, where it is the main one with fewer pixels. */
async function asReduced(ifd: Ifd, main: Like): Promise<ReducedImage | undefined> {
  const [rows, cols] = [await ifd.number(TAG.height, 0), await ifd.number(TAG.width, 0)];
  const smaller =
    rows >= 1 && cols >= 1 && rows <= main.rows && cols <= main.cols && rows * cols < main.rows * main.cols;
  const bands = await ifd.number(TAG.samplesPerPixel, 1);
  const alike = smaller && bands === main.bands && (await readSampleType(ifd, bands)) === main.sampleType;
  return alike ? { ifd, rows, cols } : undefined;
}

/** The reduced images of a file, largest first, that have the bands and sample type of its first one. A damaged directory ends the search: what was found stays. */
export async function findReduced(main: Ifd, like: Like): Promise<ReducedImage[]> {
  const found: ReducedImage[] = [];
  try {
    for await (const { ifd, kind } of directoriesOf(main)) {
      const image = (kind & MASK) === 0 && (await asReduced(ifd, like));
      if (image) found.push(image);
    }
  } catch (error) {
    if (!(error instanceof RasterError)) throw error;
  }
  return found.sort((a, b) => b.rows * b.cols - a.rows * a.cols);
}
