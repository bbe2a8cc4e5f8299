import type { Window } from './scene.js';

/**
 * An option that would mend an error, beside what its message says; a caller that has such an option names it in its own terms.
 * `overwrite`: the output exists, and may be replaced. `resample`: the scene's bands are not the model's, and may be interpolated to them.
 * `library-scale`: a library's values are no reflectance, and may be multiplied.
 */
export type Remedy = 'overwrite' | 'resample' | 'library-scale';

/** A block of a file that cannot be decoded. */
export interface DamagedBlock {
  /** Which, in the file's terms: `tile 5 (deflate)`. */
  readonly block: string;
  /** The pixels that it holds. */
  readonly window: Window;
}

export interface RasterErrorOptions {
  readonly path?: string;
  readonly remedy?: Remedy;
  readonly damaged?: DamagedBlock;
  readonly cause?: unknown;
}

/** A scene or map that cannot be read or written: the message says what, where, expected, got, and what to do. */
export class RasterError extends Error {
  readonly _tag = 'RasterError';
  override readonly name = 'RasterError';
  /** The file or folder that the message is about. */
  readonly path?: string;
  readonly remedy?: Remedy;
  /** Set where the rest of the scene can be read all the same. */
  readonly damaged?: DamagedBlock;
  constructor(message: string, { path, remedy, damaged, cause }: RasterErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    if (path !== undefined) this.path = path;
    if (remedy !== undefined) this.remedy = remedy;
    if (damaged !== undefined) this.damaged = damaged;
  }
}
