import { RasterError } from '../error.js';
import { toRasterError } from '../node-files.js';
import { refuse } from '../refuse.js';
import { systemReason } from '../system-reason.js';

/** Throws the RasterError of an archive that could not be read: as it is, as the system's refusal, or as damage. */
export function damaged(archive: string, cause: unknown, file?: string): never {
  if (cause instanceof RasterError) throw cause;
  if (systemReason(cause)) throw toRasterError('unpack it', archive, cause);
  const why = (cause as Error).message.replace(/\.$/, '');
  const what = file === undefined ? '' : `${file} in it: `;
  return refuse(archive, `${what}cannot be unpacked: ${why}; it is damaged or cut off, get it again`, cause);
}
