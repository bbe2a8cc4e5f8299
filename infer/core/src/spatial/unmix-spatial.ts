// A window of a scene by a model that looks at neighbours. Legend: N pixels of the window, n pixels of a piece with its halo, p of them wanted,
// B model bands, C endmembers, D bands of the map.
import { haloOf, type ModelCard } from '@egunet/models/card';
import type { Session, Stop, Window } from '../contract.js';
import { type DamagedPixels, damageIn } from '../damage.js';
import { imageInputs } from '../graph.js';
import type { QualityMeter } from '../quality.js';
import { type CompareRun, lookAt, SAMPLING, type Seen, sumSeen } from '../seen.js';
import type { Tile } from '../tiles.js';
import {
  assertAbundances,
  assertLength,
  floatsIn,
  place,
  type UnmixWindowOptions,
  type WindowAbundances,
  type WindowToUnmix,
  widthsOf,
} from '../window-abundances.js';
import { cutMarks, joinMarks, marksIn, sharedWindow } from '../windows.js';
import { heldParts, rollingPart } from './parts.js';
import { cutPiece, type PieceImage, pieceMemory, piecesOf, sideFor } from './pieces.js';
import { type HeldImage, heldPixels, type ImageRows, rolledImages } from './rolled-image.js';
import { type ImageSource, readImage, type SceneImage } from './scene-image.js';

/** The result in work. */
interface Result {
  readonly task: WindowToUnmix;
  readonly session: Session;
  readonly card: ModelCard;
  readonly meter: QualityMeter | undefined;
  readonly compare: CompareRun | undefined;
  readonly signal: Stop | undefined;
  /** What is damaged is noted here and left out; an error when absent. */
  readonly damaged: DamagedPixels[] | undefined;
  /** [N, D] */
  readonly abundances: Float32Array;
}

/** Wanted pixels of a piece: their numbers in the window [p], and in the piece with its halo [p]. */
function wantedOf({ inner, outer }: Tile, image: SceneImage, { window, leaveOut }: WindowToUnmix) {
  const [pixels, slots]: [number[], number[]] = [[], []];
  for (let row = inner.row; row < inner.row + inner.rows; row++)
    for (let col = inner.col; col < inner.col + inner.cols; col++) {
      const pixel = (row - window.row) * window.cols + col - window.col;
      const inImage = (row - image.window.row) * image.window.cols + col - image.window.col;
      if (image.valid[inImage] !== 1 || leaveOut?.[pixel] === 1) continue;
      pixels.push(pixel);
      slots.push((row - outer.row) * outer.cols + col - outer.col);
    }
  return { pixels: Uint32Array.from(pixels), slots };
}

/** Rows of `width` values by their numbers. */
function rowsOf(values: Float32Array, rows: readonly number[], width: number): Float32Array {
  const taken = new Float32Array(rows.length * width);
  for (const [to, from] of rows.entries()) taken.set(values.subarray(from * width, (from + 1) * width), to * width);
  return taken;
}

/** Runs the model on a piece, of which some pixels are wanted, and puts their abundances into the result. */
async function unmixPiece(
  { outer, memory }: { outer: Window; memory: PieceImage },
  { pixels, slots }: ReturnType<typeof wantedOf>,
  { session, card, meter, compare, abundances }: Result,
): Promise<Seen> {
  const [B, C, p] = [card.bands.length, card.endmembers.length, slots.length];
  const D = C + (meter?.bands ?? 0);
  const output = await session.run(imageInputs(memory, outer)); // [n, C]
  assertLength(output, outer.rows * outer.cols, C);
  const wanted = rowsOf(output, slots, C); // [p, C]
  assertAbundances(wanted, { pixels: p, batch: p, C });
  place(wanted, { pixels, C, into: abundances, D });
  const { image: spectra } = memory;
  if (meter)
    for (const [i, slot] of slots.entries())
      meter.measure(slot, { spectra, abundances: output }, { into: abundances, to: pixels[i]! * D + C });
  const sampled = slots.filter((_, i) => i % SAMPLING === 0);
  const seen = lookAt(rowsOf(spectra, sampled, B), { card, count: sampled.length, width: B, every: 1 });
  return { ...seen, validPixels: p, ...compare?.(spectra, p, slots) };
}

/** Pixels of a part of the window that are to be unmixed, as far as marks say. */
function taken({ window, leaveOut, masked }: WindowToUnmix, part: Window): number {
  const marks = joinMarks(cutMarks(leaveOut, window, part), marksIn(masked, part));
  return part.rows * part.cols - (marks?.reduce((sum, one) => sum + one, 0) ?? 0);
}

/** Unmixes rows of a part of the window whose image is held, piece by piece. */
async function unmixRows({ image, inner }: ImageRows, part: Window, result: Result): Promise<Seen[]> {
  const { card, signal } = result;
  const seen: Seen[] = [];
  let memory: PieceImage | undefined;
  for (const piece of piecesOf(inner, { halo: haloOf(card), of: part })) {
    signal?.throwIfAborted();
    const wanted = wantedOf(piece, image, result.task);
    if (wanted.slots.length === 0) continue;
    memory ??= pieceMemory(piece.outer, card.bands.length);
    cutPiece(memory, piece.outer, image);
    seen.push(await unmixPiece({ outer: piece.outer, memory }, wanted, result));
  }
  return seen;
}

/** Memory of the last part that a session unmixed while it was read: its pages need not be made anew. */
const idle = new WeakMap<Session, HeldImage>();

function borrow(session: Session, { pixels, B }: { pixels: number; B: number }): HeldImage {
  const found = idle.get(session);
  idle.delete(session);
  if (found && found.valid.length >= pixels && found.spectra.length >= pixels * B) return found;
  return { spectra: new Float32Array(pixels * B), valid: new Uint8Array(pixels) };
}

/** Unmixes the window while it is read; undefined where some of it is damaged, and that is to be noted. */
async function unmixRolling({ inner, outer }: Tile, source: ImageSource, result: Result): Promise<Seen[] | undefined> {
  const { halo, bands: B, signal } = source;
  const rows = sideFor(inner.rows, halo);
  const held = borrow(result.session, { pixels: heldPixels({ inner, outer }, { rows, halo }), B });
  try {
    const seen: Seen[] = [];
    for await (const image of rolledImages({ inner, outer }, { rows, held }, source))
      seen.push(...(await unmixRows(image, inner, result)));
    idle.set(result.session, held);
    return seen;
  } catch (error) {
    signal?.throwIfAborted(); // a reading that was broken off is no damage
    if (!result.damaged || !damageIn(error, outer)) throw error;
    result.abundances.fill(Number.NaN);
    return undefined;
  }
}

/** Unmixes a part that can be held after it is read, around what is damaged. */
async function unmixHeld({ inner, outer }: Tile, source: ImageSource, result: Result): Promise<Seen[]> {
  const { task, damaged } = result;
  const onDamage = (block: string, lost: Window) => {
    const own = sharedWindow(lost, inner);
    const pixels = own ? taken(task, own) : 0;
    if (own && pixels > 0) damaged?.push({ block, window: own, pixels });
  };
  const held = new Float32Array(source.bands * outer.rows * outer.cols);
  const image = await readImage(outer, held, { ...source, ...(damaged && { onDamage }) });
  return unmixRows({ image, inner }, inner, result);
}

/**
 * The abundances of a window's pixels as they are when the whole scene is given to the model at once, within 1e-5: it is run on pieces with their
 * halo, beyond which it does not look. Only wanted pixels are in the result; all that have data, and are not masked, are seen. Pieces without wanted
 * pixels are not run. With `damaged`, pixels of blocks that cannot be decoded count as without data, and those of the window are listed in it.
 * Throws as `unmixWindow` does.
 */
export async function unmixSpatial(
  session: Session,
  task: WindowToUnmix,
  options: UnmixWindowOptions & { readonly damaged?: DamagedPixels[] },
): Promise<WindowAbundances> {
  const { reader, window, leaveOut, masked } = task;
  const { card, plan, quality: meter, compare, memory, signal, damaged } = options;
  const [, D] = widthsOf(options);
  const abundances = floatsIn(memory, window.rows * window.cols * D).fill(Number.NaN); // [N, D]
  const source = { reader, plan, bands: card.bands.length, masked, signal, halo: haloOf(card) };
  const result = { task, session, card, meter, compare, abundances, damaged, signal };
  signal?.throwIfAborted();
  const nothingWanted = (part: Window) => cutMarks(leaveOut, window, part)?.every((one) => one === 1);
  const rolling = rollingPart(task, card);
  const rolled = rolling && !nothingWanted(window) ? await unmixRolling(rolling, source, result) : undefined;
  if (rolled) return { abundances, seen: sumSeen(rolled) };
  const seen: Seen[] = [];
  for (const part of heldParts(task, card)) {
    signal?.throwIfAborted();
    if (!nothingWanted(part.inner)) seen.push(...(await unmixHeld(part, source, result)));
  }
  return { abundances, seen: sumSeen(seen) };
}
