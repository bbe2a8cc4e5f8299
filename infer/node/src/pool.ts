// Unmixing by worker threads. Windows are handed out as workers come free; what is finished comes back in any order.
import { InferError, type Seen, type Window } from '@egunet/infer';
import type { SampleArray } from '@egunet/raster';
import { Piscina } from 'piscina';
import { unpackError } from './remote-error.js';
import type { WorkerAnswer, WorkerSettings } from './worker.js';

/** A window's abundances as they are stored [N, C]. */
export interface FinishedWindow {
  readonly window: Window;
  readonly data: SampleArray;
  readonly seen: Seen;
}

export interface PoolOptions {
  readonly workers: number;
  readonly settings: Omit<WorkerSettings, 'stop'>;
  readonly signal?: AbortSignal;
}

/** What a thread says that ends without an answer: out of memory, or a bug. */
const died = (cause: Error): InferError =>
  new InferError(
    `a worker thread ended before its work was done: ${cause.message}; run it again, with fewer workers if memory is short`,
    { cause },
  );

/** Windows handed to each worker: one in work, one waiting, so that none is idle while a finished one is written. */
const AHEAD = 2;

/**
 * Unmixes windows by `workers` threads, each with the scene and the model opened by itself. At most two windows a worker are under way, and
 * no further one is handed out while the receiver keeps what it got. Throws what a worker threw, and the signal's reason when aborted.
 */
export async function* unmixByWorkers(
  windows: readonly Window[],
  { workers, settings, signal }: PoolOptions,
): AsyncGenerator<FinishedWindow, void, undefined> {
  // A thread that is ended inside onnxruntime takes the process with it: workers are asked to stop, and waited for.
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const askToStop = () => Atomics.store(stop, 0, 1);
  signal?.addEventListener('abort', askToStop);
  const pool = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: Math.min(workers, windows.length),
    maxThreads: workers,
    workerData: { ...settings, stop },
  });
  // Threads that end while they start are not replaced, and what waits for them would wait for ever.
  const noneLeft = new AbortController();
  let why = new Error('none could be started');
  pool.on('error', (error) => {
    why = error;
  });
  pool.on('workerDestroy', () => setImmediate(() => pool.threads.length === 0 && noneLeft.abort(why)));
  const underWay = new Map<number, Promise<FinishedWindow & { readonly index: number }>>();
  const begin = (index: number) => {
    const window = windows[index]!;
    const work = pool.run(window, { signal: noneLeft.signal }).then(
      (answer: WorkerAnswer) => {
        if ('error' in answer) throw unpackError(answer.error);
        return { index, window, ...answer };
      },
      (cause) => Promise.reject(died(noneLeft.signal.aborted ? noneLeft.signal.reason : cause)),
    );
    work.catch(() => {}); // seen when it is awaited
    underWay.set(index, work);
  };
  try {
    for (let next = 0; next < windows.length || underWay.size > 0; ) {
      signal?.throwIfAborted();
      while (next < windows.length && underWay.size < AHEAD * workers) begin(next++);
      const { index, ...finished } = await Promise.race(underWay.values());
      underWay.delete(index);
      yield finished;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    askToStop();
    await Promise.allSettled(underWay.values());
    await pool.destroy();
    signal?.removeEventListener('abort', askToStop);
  }
}
