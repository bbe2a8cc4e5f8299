/**
 * An option that would mend an error, beside what its message says; a caller that has such an option names it in its own terms.
 * `overwrite`: the output exists, and may be replaced. `resample`: the scene's bands are not the model's, and may be interpolated to them.
 */
export type Remedy = 'overwrite' | 'resample';

/** Characters of a message at most, half of them from its end, where it says what to do. */
const MOST_CHARACTERS = 2000;

/** One line of bounded length, whatever a file's own text brings into it: line ends, and what a terminal would take for commands. */
function oneLine(message: string): string {
  const line = message.replace(/\p{Cc}+/gu, ' ');
  const half = MOST_CHARACTERS / 2;
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, half)} ... ${line.slice(-half)}`;
}

/** A scene or map that cannot be read or written: the message says what, where, expected, got, and what to do. */
export class RasterError extends Error {
  readonly _tag = 'RasterError';
  override readonly name = 'RasterError';
  /** The file or folder that the message is about. */
  readonly path?: string;
  readonly remedy?: Remedy;
  constructor(
    message: string,
    { path, remedy, cause }: { readonly path?: string; readonly remedy?: Remedy; readonly cause?: unknown } = {},
  ) {
    super(oneLine(message), cause === undefined ? undefined : { cause });
    if (path !== undefined) this.path = path;
    if (remedy !== undefined) this.remedy = remedy;
  }
}
