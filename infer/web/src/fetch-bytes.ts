// A file by its URL.
import { InferError } from '@egunet/infer';
import { publicPath } from '@egunet/raster/url';

/** All bytes of a file. Rejects with InferError where it cannot be had, saying why; with the signal's reason when aborted. */
export async function fetchBytes(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  const name = publicPath(url);
  let why: string;
  try {
    const answer = await fetch(url, { ...(signal && { signal }) });
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    why = `the server answers ${answer.status}${answer.statusText && ` ${answer.statusText}`}`;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new InferError(
      `${name}: cannot be fetched: ${(cause as Error).message}; either no server answers, or it does not permit this page to read it (CORS)`,
      { cause },
    );
  }
  throw new InferError(`${name}: cannot be fetched: ${why}; check the URL`);
}
