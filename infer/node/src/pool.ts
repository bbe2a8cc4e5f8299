// Windows are handed out as those who unmix them come free; what is finished comes back in any order.
// Legend: N pixels of a window, D bands of the map.
import { type DamagedPixels, joinMarks, type MosaicWindow, marksIn, type Seen, type Window } from '@egunet/infer';
import type { SampleArray } from '@egunet/raster';
import { unpackError } from './remote-error.js';
import type { Runs } from './runs.js';
import { encodeSamples, type StoredType } from './samples.js';
import type { Task, Unmixers } from './unmixers.js';
import type { ScenePart } from './worker.js';

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

/** A window of which nothing is to be read. */
const withoutData = ({ rows, cols }: Window, bands: number, type: StoredType): Omit<FinishedWindow, 'window'> => ({
  data: encodeSamples(new Float32Array(rows * cols * bands).fill(Number.NaN), type),
  seen: [],
});

/** Windows handed to each worker: one in work, one waiting, so that none is idle while a finished one is written. */
const AHEAD = 2;

/** How windows are unmixed. */
type Method = Omit<Task, 'window' | 'leaveOut' | 'masked' | 'parts'>;

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

/** Who unmixes the windows of a map. */
export interface Workers {
  /** At most. */
  readonly count: number;
  /** Resolves when they can begin; rejects with what hinders them. */
  ready(): Promise<void>;
  /**
   * Unmixes windows; none is asked for one that is left out as a whole, or that no scene touches. At most two a worker are under way, and no further one is handed out
   * while the receiver keeps what it got: its samples' memory is used again then. Throws what a worker threw, and the signal's reason when aborted.
   */
  unmix(windows: readonly Window[], how: Method, content: Content): AsyncGenerator<FinishedWindow, void, undefined>;
  /** Ends them, between two runs of the model. */
  stop(): Promise<void>;
}

/** Has windows unmixed. Stop it when done. */
export function handOut(unmixers: Unmixers, signal?: AbortSignal): Workers {
  const askToStop = () => unmixers.askToStop();
  signal?.addEventListener('abort', askToStop);
  /** Of samples that the receiver has used up. */
  const spare: ArrayBuffer[] = [];
  const underWay = new Map<number, Promise<FinishedWindow & { readonly index: number }>>();
  const ask = async (task: Task, runs: Runs | undefined): Promise<Omit<FinishedWindow, 'window'>> => {
    const answer = await unmixers.unmix(task, { runs, memory: spare.pop() });
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
    count: unmixers.count,
    ready: () => unmixers.ready(),
    async *unmix(windows, how, content) {
      try {
        for (let next = 0; next < windows.length || underWay.size > 0; ) {
          signal?.throwIfAborted();
          for (; next < windows.length && underWay.size < AHEAD * unmixers.count; next++)
            begin(next, windows[next]!, { how, content });
          const { index, ...finished } = await Promise.race(underWay.values());
          underWay.delete(index);
          yield finished;
          // Forgotten, they would wait for garbage collection by the dozen.
          if (spare.length < AHEAD * unmixers.count) spare.push(finished.data.buffer as ArrayBuffer);
        }
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
    async stop() {
      askToStop();
      await Promise.allSettled(underWay.values());
      await unmixers.stop();
      signal?.removeEventListener('abort', askToStop);
    },
  };
}
