// Unmixing by worker threads. Windows are handed out as workers come free; what is finished comes back in any order.
import { InferError, type Seen, sumSeen, type Window } from '@egunet/infer';
import type { SampleArray } from '@egunet/raster';
import { Piscina } from 'piscina';
import { unpackError } from './remote-error.js';
import { encodeSamples } from './samples.js';
import type { WorkerAnswer, WorkerSettings, WorkerTask } from './worker.js';

/** A window's samples as they are stored [N, D]. */
export interface FinishedWindow {
  readonly window: Window;
  readonly data: SampleArray;
  readonly seen: Seen;
}

export interface PoolOptions {
  readonly workers: number;
  readonly settings: Omit<WorkerSettings, 'stop'>;
  /** [N], 1 = leave the pixel out; undefined where every pixel of the window is taken. */
  readonly leaveOut: (window: Window) => Promise<Uint8Array | undefined>;
  readonly signal?: AbortSignal;
}

/** What a thread says that ends without an answer: out of memory, or a bug. */
const died = (cause: Error): InferError =>
  new InferError(
    `a worker thread ended before its work was done: ${cause.message}; run it again, with fewer workers if memory is short`,
    { cause },
  );

/** A window of which nothing is to be read. */
const withoutData = ({ rows, cols }: Window, { bands, sampleType }: PoolOptions['settings']): SampleArray =>
  encodeSamples(new Float32Array(rows * cols * bands).fill(Number.NaN), sampleType);

/** Windows handed to each worker: one in work, one waiting, so that none is idle while a finished one is written. */
const AHEAD = 2;

/**
 * Unmixes windows by `workers` threads, each with the scene and the model opened by itself. At most two windows a worker are under way, and
 * no further one is handed out while the receiver keeps what it got. Throws what a worker threw, and the signal's reason when aborted.
 */
export async function* unmixByWorkers(
  windows: readonly Window[],
  { workers, settings, leaveOut, signal }: PoolOptions,
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
    const ask = async (task: WorkerTask): Promise<FinishedWindow & { readonly index: number }> => {
      const answer: WorkerAnswer = await pool
        .run(task, { signal: noneLeft.signal })
        .catch((cause) => Promise.reject(died(noneLeft.signal.aborted ? noneLeft.signal.reason : cause)));
      if ('error' in answer) throw unpackError(answer.error);
      return { index, window, ...answer };
    };
    const work = leaveOut(window).then((out) =>
      out?.every((one) => one === 1)
        ? { index, window, data: withoutData(window, settings), seen: sumSeen([]) }
        : ask({ window, leaveOut: out }),
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
