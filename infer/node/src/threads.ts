// Worker threads that unmix windows. A thread that is ended inside onnxruntime, or while it loads its modules, takes the process with it: workers are asked
// to stop, and waited for.
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { InferError } from '@egunet/infer';
import { Piscina } from 'piscina';
import type { Unmixers } from './unmixers.js';
import type { WorkerAnswer, WorkerSettings } from './worker.js';
import { OPENING, STATE_BYTES, STOP } from './worker-state.js';

export interface ThreadsOptions {
  /** Threads at most. */
  readonly workers: number;
  /** Those that are started at once; the others when they have something to do. */
  readonly atOnce: number;
  readonly settings: Omit<WorkerSettings, 'state'>;
}

/** What a thread says that ends without an answer: out of memory, or a bug. */
const died = (cause: Error): InferError =>
  new InferError(
    `a worker thread ended before its work was done: ${cause.message}; run it again, with fewer workers if memory is short`,
    { cause },
  );

/** How often it is looked whether workers have opened what they need, ms. */
const LOOK_EVERY = 5;

/** Starts threads, which begin to open the model. Stop them when done. */
export function startThreads({ workers, atOnce, settings }: ThreadsOptions): Unmixers {
  const state = new Int32Array(new SharedArrayBuffer(STATE_BYTES));
  const askToStop = () => Atomics.store(state, STOP, 1);
  const pool = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: atOnce,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY, // none is ended but by `stop`
    workerData: { ...settings, state },
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
    atomics: 'disabled', // a thread that waits for its first window goes on opening
  });
  // Threads that end while they start are not replaced, and what waits for them would wait for ever.
  const noneLeft = new AbortController();
  let why = new Error('none could be started');
  pool.on('error', (error) => {
    why = error;
  });
  /** Threads that have said that they are ready. */
  const loaded = new WeakSet<Worker>();
  const first = pool.threads;
  for (const thread of first) {
    thread.once('message', () => loaded.add(thread));
    thread.on('exit', (code) => {
      why = new Error(`worker exited with code: ${code}`);
    });
  }
  // Later ones are spoken of when they are ready.
  pool.on('workerCreate', ({ id }) => {
    const thread = pool.threads.find(({ threadId }) => threadId === id);
    if (thread && !first.includes(thread)) loaded.add(thread);
  });
  pool.on('workerDestroy', () => setImmediate(() => pool.threads.length === 0 && noneLeft.abort(why)));
  return {
    count: workers,
    ready: async () => {},
    async unmix(task, { runs, memory } = {}): Promise<WorkerAnswer> {
      const line = runs?.open();
      const transferList = [...(line ? [line.port] : []), ...(memory ? [memory] : [])];
      return pool
        .run({ ...task, runs: line?.port, memory }, { signal: noneLeft.signal, transferList })
        .catch((cause) => Promise.reject(died(noneLeft.signal.aborted ? noneLeft.signal.reason : cause)))
        .finally(() => line?.close());
    },
    askToStop,
    async stop() {
      askToStop();
      const threads = pool.threads; // those that take the place of any that end now are not waited for
      const isLoading = (thread: Worker) => !loaded.has(thread) && pool.threads.includes(thread);
      while (threads.some(isLoading) || Atomics.load(state, OPENING) > 0) await setTimeout(LOOK_EVERY);
      await pool.destroy();
    },
  };
}
