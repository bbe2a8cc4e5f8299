/**
 * An option that would mend an error, beside what its message says; a caller that has such an option names it in its own terms.
 * `overwrite`: the output exists, and may be replaced. `resample`: the scene's bands are not the model's, and may be interpolated to them.
 * `device`: the model may run elsewhere.
 */
export type Remedy = 'overwrite' | 'resample' | 'device';

/** A model that cannot be used, a scene that does not suit it, or an output that cannot be made: the message says what, where, expected, got, and what to do. */
export class InferError extends Error {
  readonly _tag = 'InferError';
  override readonly name = 'InferError';
  readonly remedy?: Remedy;
  constructor(message: string, { remedy, ...options }: ErrorOptions & { readonly remedy?: Remedy } = {}) {
    super(message, options);
    if (remedy !== undefined) this.remedy = remedy;
  }
}
