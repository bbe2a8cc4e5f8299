// Errors of a room keep their class on the way from a worker thread or another process, where structured clones lose it.
import { InferError, type PackedError } from '@egunet/infer';
import { ModelCardError } from '@egunet/models/card';
import { RasterError } from '@egunet/raster';

const CLASSES = { InferError, ModelCardError, RasterError };

/** The error again, of the class that it had. */
export function unpackError({ tag, message, stack, remedy }: PackedError): Error {
  const Class = CLASSES[tag as keyof typeof CLASSES] ?? Error;
  const error = new Class(message);
  return Object.assign(error, stack !== undefined && { stack }, remedy !== undefined && { remedy });
}
