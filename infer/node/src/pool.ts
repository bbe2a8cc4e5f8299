// Unmixing by worker threads. Windows are handed out as workers come free; what is finished comes back in any order.
import { setTimeout } from 'node:timers/promises';
import { InferError, type Seen, type Window } from '@egunet/infer';
import type { SampleArray } from '@egunet/raster';
import { Piscina } from 'piscina';
import { unpackError } from './remote-error.js';
import type { WorkerAnswer, WorkerSettings, WorkerTask } from './worker.js';
import { OPENING, STOP } from './worker-state.js';

/** A window's abundances as they are stored [N, C]. */
export interface FinishedWindow {
  readonly window: Window;
  readonly data: SampleArray;
  readonly seen: Seen;
}

export interface PoolOptions {
  readonly workers: number;
  readonly settings: Omit<WorkerSettings, 'state'>;
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

/** Threads that unmix, each with the scene and the model opened by itself. */
export interface Workers {
  readonly count: number;
  /**
   * Unmixes windows. At most two a worker are under way, and no further one is handed out while the receiver keeps what it got. Throws what
   * a worker threw, and the signal's reason when aborted.
   */
  unmix(windows: readonly Window[], how: Omit<WorkerTask, 'window'>): AsyncGenerator<FinishedWindow, void, undefined>;
  /** Ends the threads, between two runs of the model. */
  stop(): Promise<void>;
}

/** How often it is looked whether workers have opened what they need, ms. */
const LOOK_EVERY = 5;

/** Starts `workers` threads, which begin to open the scene and the model. Stop them when done. */
export function startWorkers({ workers, settings, signal }: PoolOptions): Workers {
  // A thread that is ended inside onnxruntime takes the process with it: workers are asked to stop, and waited for.
  const state = new Int32Array(new SharedArrayBuffer(8));
  const askToStop = () => Atomics.store(state, STOP, 1);
  signal?.addEventListener('abort', askToStop);
  const pool = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    workerData: { ...settings, state },
    atomics: 'disabled', // a thread that waits for its first window goes on opening
  });
  // Threads that end while they start are not replaced, and what waits for them would wait for ever.
  const noneLeft = new AbortController();
  let why = new Error('none could be started');
  pool.on('error', (error) => {
    why = error;
  });
  for (const thread of pool.threads)
    thread.on('exit', (code) => {
      why = new Error(`worker exited with code: ${code}`);
    });
  pool.on('workerDestroy', () => setImmediate(() => pool.threads.length === 0 && noneLeft.abort(why)));
  const underWay = new Map<number, Promise<FinishedWindow & { readonly index: number }>>();
  const begin = (index: number, task: WorkerTask) => {
    const { window } = task;
    const work = pool.run(task, { signal: noneLeft.signal }).then(
      (answer: WorkerAnswer) => {
        if ('error' in answer) throw unpackError(answer.error);
        return { index, window, ...answer };
      },
      (cause) => Promise.reject(died(noneLeft.signal.aborted ? noneLeft.signal.reason : cause)),
    );
    work.catch(() => {}); // seen when it is awaited
    underWay.set(index, work);
  };
  return {
    count: workers,
    async *unmix(windows, how) {
      try {
        for (let next = 0; next < windows.length || underWay.size > 0; ) {
          signal?.throwIfAborted();
          for (; next < windows.length && underWay.size < AHEAD * workers; next++)
            begin(next, { window: windows[next]!, ...how });
          const { index, ...finished } = await Promise.race(underWay.values());
          underWay.delete(index);
          yield finished;
        }
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
    async stop() {
      askToStop();
      await Promise.allSettled(underWay.values());
      while (Atomics.load(state, OPENING) > 0) await setTimeout(LOOK_EVERY);
      await pool.destroy();
      signal?.removeEventListener('abort', askToStop);
    },
  };
}
