// Whether a model looks further than its card says: tiles would show seams then. Legend: h halo, S = 2 h + 3, B bands, C endmembers.
import { haloOf, type ModelCard } from '@egunet/models/card';
import type { Session } from '../contract.js';
import { InferError } from '../error.js';
import { imageInputs } from '../graph.js';

/** Rounding changes less. */
const TOLERANCE = 1e-4;

/** Reflectances in [0, 1 / inputScale) that differ everywhere, the same on every run. */
const anySpectra = (length: number, { inputScale }: ModelCard): Float32Array =>
  Float32Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24 / inputScale);

/**
 * Throws InferError where the abundances of a pixel change with what lies further from it than the halo: two runs of S x S pixels, in the second
 * the outermost have no data. `name` is the model's, for the message.
 */
export async function assertHalo(session: Session, card: ModelCard, name: string): Promise<void> {
  const [h, B, C] = [haloOf(card), card.bands.length, card.endmembers.length];
  const S = 2 * h + 3;
  const image = anySpectra(S * S * B, card);
  const inside = (i: number) => i > 0 && i < S - 1;
  const middle = async (valid: Float32Array) => {
    const output = await session.run(imageInputs({ image, valid }, { rows: S, cols: S }));
    return output.slice((h + 1) * (S + 1) * C, ((h + 1) * (S + 1) + 1) * C);
  };
  const all = await middle(new Float32Array(S * S).fill(1));
  const near = await middle(
    Float32Array.from({ length: S * S }, (_, i) => Number(inside(Math.floor(i / S)) && inside(i % S))),
  );
  if (all.some((value, c) => Math.abs(value - near[c]!) > TOLERANCE))
    throw new InferError(
      `${name}: the model looks further than its card says, ${h} pixels: tiles would not fit together; export it again with 'egunet export'`,
    );
}
