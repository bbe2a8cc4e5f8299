import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { etagOf } from './headers.js';
import { type ByteRange, rangeOf } from './ranges.js';

/** Bytes of a file that are held at once. */
const CHUNK = 256 * 1024;

/** What a path that no longer leads to a file of its own fails with: gone, a link, a pipe without a writer. */
const GONE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK', 'ENXIO'];

/** Never through a link that took the file's place, and without waiting for the writer of a pipe that did. Windows has neither. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A file to send. */
export interface FileToSend {
  /** On disk, links resolved. */
  readonly path: string;
  readonly type: string;
}

async function openRegular(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, FLAGS);
    if ((await realpath(path)) === path) return handle;
    await handle.close(); // a folder on the way became a link
    return undefined;
  } catch (error) {
    await handle?.close();
    if (GONE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Chunks of a file. Throws where it became shorter, so that the answer is cut off and not taken for complete. */
async function* bytesOf(handle: FileHandle, { first, last }: ByteRange): AsyncGenerator<Buffer> {
  for (let at = first; at <= last; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, last - at + 1));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw new Error('became shorter while it was sent');
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

/** Sends chunks until all are sent or the client has gone: of an answer that waits behind another one, no stream tells that. */
async function send(chunks: AsyncIterable<Buffer>, response: ServerResponse, socket: Socket): Promise<void> {
  const controller = new AbortController();
  let leave = () => {};
  const gone = new Promise<never>((_, reject) => {
    leave = () => {
      controller.abort();
      reject(new Error('the client has gone'));
    };
  });
  socket.setMaxListeners(0); // one for each answer that waits
  socket.once('close', leave);
  if (socket.destroyed) leave();
  try {
    await Promise.race([gone, pipeline(chunks, response, { signal: controller.signal })]);
  } finally {
    socket.off('close', leave);
  }
}

/** Whether a validator is in a list of them, as If-None-Match has it: weak comparison. */
const listed = (list: string | undefined, etag: string): boolean =>
  list?.split(',').some((item) => ['*', etag, `W/${etag}`].includes(item.trim())) ?? false;

async function sendOpen(
  { method, headers, socket }: IncomingMessage,
  response: ServerResponse,
  { handle, type }: { readonly handle: FileHandle; readonly type: string },
): Promise<boolean> {
  const status = await handle.stat({ bigint: true });
  if (!status.isFile()) return false;
  const [size, etag] = [Number(status.size), etagOf(status)];
  response.setHeader('etag', etag);
  response.setHeader('accept-ranges', 'bytes');
  if (listed(headers['if-none-match'], etag)) {
    response.writeHead(304).end();
    return true;
  }
  const fresh = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = rangeOf(method === 'GET' && fresh ? headers.range : undefined, size);
  if (range === 'none') {
    response.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': 0 }).end();
    return true;
  }
  const sent = range === 'whole' ? { first: 0, last: size - 1 } : range;
  response.writeHead(range === 'whole' ? 200 : 206, {
    'content-type': type,
    'content-length': sent.last - sent.first + 1,
    ...(range !== 'whole' && { 'content-range': `bytes ${sent.first}-${sent.last}/${size}` }),
  });
  if (method === 'HEAD') response.end();
  else await send(bytesOf(handle, sent), response, socket);
  return true;
}

/**
 * Answers GET and HEAD with a file, or the range of it that is asked for, a chunk at a time; resolves to false, with nothing sent, where there is no regular
 * file any more. Rejects where it cannot be read, or the client has gone.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, type }: FileToSend,
): Promise<boolean> {
  const handle = await openRegular(path);
  if (!handle) return false;
  try {
    return await sendOpen(request, response, { handle, type });
  } finally {
    await handle.close();
  }
}
