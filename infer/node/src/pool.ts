// Unmixing by worker threads. Windows are handed out as workers come free; what is finished comes back in any order.
// Legend: N pixels of a window, D bands of the map.
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import {
  type DamagedPixels,
  InferError,
  joinMarks,
  type MosaicWindow,
  marksIn,
  type Seen,
  type Window,
} from '@egunet/infer';
import type { SampleArray } from '@egunet/raster';
import { Piscina } from 'piscina';
import { unpackError } from './remote-error.js';
import type { Runs } from './runs.js';
import { encodeSamples, type StoredType } from './samples.js';
import type { ScenePart, WorkerAnswer, WorkerSettings, WorkerTask } from './worker.js';
import { OPENING, STATE_BYTES, STOP } from './worker-state.js';

/** What of a scene went through the model. */
export interface SceneSeen {
  /** Its path. */
  readonly scene: string;
  readonly seen: Seen;
}

/** A window's samples as they are stored [N, D]. */
export interface FinishedWindow {
  readonly window: Window;
  readonly data: SampleArray;
  readonly seen: readonly SceneSeen[];
  /** What damaged blocks took, where that is allowed. */
  readonly damaged?: readonly DamagedPixels[];
}

export interface PoolOptions {
  /** Threads at most. */
  readonly workers: number;
  /** Those that are started at once; the others when they have something to do. */
  readonly atOnce: number;
  readonly settings: Omit<WorkerSettings, 'state'>;
  readonly signal?: AbortSignal;
}

/** What a thread says that ends without an answer: out of memory, or a bug. */
const died = (cause: Error): InferError =>
  new InferError(
    `a worker thread ended before its work was done: ${cause.message}; run it again, with fewer workers if memory is short`,
    { cause },
  );

/** A window of which nothing is to be read. */
const withoutData = ({ rows, cols }: Window, bands: number, type: StoredType): Omit<FinishedWindow, 'window'> => ({
  data: encodeSamples(new Float32Array(rows * cols * bands).fill(Number.NaN), type),
  seen: [],
});

/** Windows handed to each worker: one in work, one waiting, so that none is idle while a finished one is written. */
const AHEAD = 2;

/** How windows are unmixed. */
type Method = Omit<WorkerTask, 'window' | 'leaveOut' | 'masked' | 'parts' | 'runs' | 'memory'>;

/** A window, and what the model sees of it. Each is asked about as an object of its own. */
export interface SeenWindow {
  readonly window: Window;
  /** With the model's halo; the window itself where the model has none. */
  readonly around: Window;
}

/** What windows are made of. */
export interface Content {
  /** What the model sees of a window. */
  readonly around: (window: Window) => Window;
  /** The scenes that touch a window, the last one on top. */
  readonly parts: (seen: SeenWindow) => Promise<readonly ScenePart[]>;
  /** What is left out of the window, whatever scene has it, and what counts as without data of all that the model sees. */
  readonly leftOut: (seen: SeenWindow) => Promise<Pick<MosaicWindow, 'leaveOut' | 'masked'>>;
  /** Bands of the map, D. */
  readonly bands: number;
  /** Where the model runs, if not in the workers. */
  readonly runs?: Runs | undefined;
}

/** Threads that unmix, each with the scene and the model opened by itself. */
export interface Workers {
  /** At most. */
  readonly count: number;
  /**
   * Unmixes windows; none is asked for one that is left out as a whole, or that no scene touches. At most two a worker are under way, and no further one is handed out
   * while the receiver keeps what it got: its samples' memory is used again then. Throws what a worker threw, and the signal's reason when aborted.
   */
  unmix(windows: readonly Window[], how: Method, content: Content): AsyncGenerator<FinishedWindow, void, undefined>;
  /** Ends the threads, between two runs of the model. */
  stop(): Promise<void>;
}

/** How often it is looked whether workers have opened what they need, ms. */
const LOOK_EVERY = 5;

/** Starts threads, which begin to open the model. Stop them when done. */
export function startWorkers({ workers, atOnce, settings, signal }: PoolOptions): Workers {
  // A thread that is ended inside onnxruntime, or while it loads its modules, takes the process with it: workers are asked to stop, and waited for.
  const state = new Int32Array(new SharedArrayBuffer(STATE_BYTES));
  const askToStop = () => Atomics.store(state, STOP, 1);
  signal?.addEventListener('abort', askToStop);
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
  /** Of samples that the receiver has used up. */
  const spare: ArrayBuffer[] = [];
  const underWay = new Map<number, Promise<FinishedWindow & { readonly index: number }>>();
  const ask = async (task: WorkerTask, runs: Runs | undefined): Promise<Omit<FinishedWindow, 'window'>> => {
    const line = runs?.open();
    const memory = spare.pop();
    const transferList = [...(line ? [line.port] : []), ...(memory ? [memory] : [])];
    const answer: WorkerAnswer = await pool
      .run({ ...task, runs: line?.port, memory }, { signal: noneLeft.signal, transferList })
      .catch((cause) => Promise.reject(died(noneLeft.signal.aborted ? noneLeft.signal.reason : cause)))
      .finally(() => line?.close());
    if ('error' in answer) throw unpackError(answer.error);
    const { seenOf, ...rest } = answer;
    return { ...rest, seen: seenOf.map((seen, p) => ({ scene: task.parts[p]!.scene.path, seen })) };
  };
  const begin = (index: number, window: Window, { how, content }: { how: Method; content: Content }) => {
    const unmixed = async () => {
      const at = { ...window }; // what is known of it goes when this is done
      const seen = { window: at, around: content.around(at) };
      const leftOut = await content.leftOut(seen);
      const all = joinMarks(leftOut.leaveOut, marksIn(leftOut.masked, at));
      const parts = all?.every((one) => one === 1) ? [] : await content.parts(seen);
      if (parts.length === 0) return withoutData(window, content.bands, how.sampleType);
      return ask({ window, ...leftOut, parts, ...how }, content.runs);
    };
    const work = unmixed().then((finished) => ({ index, window, ...finished }));
    work.catch(() => {}); // seen when it is awaited
    underWay.set(index, work);
  };
  return {
    count: workers,
    async *unmix(windows, how, content) {
      try {
        for (let next = 0; next < windows.length || underWay.size > 0; ) {
          signal?.throwIfAborted();
          for (; next < windows.length && underWay.size < AHEAD * workers; next++)
            begin(next, windows[next]!, { how, content });
          const { index, ...finished } = await Promise.race(underWay.values());
          underWay.delete(index);
          yield finished;
          // Forgotten, they would wait for garbage collection by the dozen.
          if (spare.length < AHEAD * workers) spare.push(finished.data.buffer as ArrayBuffer);
        }
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
    async stop() {
      askToStop();
      await Promise.allSettled(underWay.values());
      const threads = pool.threads; // those that take the place of any that end now are not waited for
      const isLoading = (thread: Worker) => !loaded.has(thread) && pool.threads.includes(thread);
      while (threads.some(isLoading) || Atomics.load(state, OPENING) > 0) await setTimeout(LOOK_EVERY);
      await pool.destroy();
      signal?.removeEventListener('abort', askToStop);
    },
  };
}
