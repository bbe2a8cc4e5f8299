// What unmixes windows: threads of this process, or processes with threads of their own.
import type { Runs } from './runs.js';
import type { WorkerAnswer, WorkerTask } from './worker.js';

/** A window to unmix, as it is handed out. */
export type Task = Omit<WorkerTask, 'runs' | 'memory'>;

export interface Unmixers {
  /** Windows at once, at most. */
  readonly count: number;
  /** Resolves when they can begin; rejects with what hinders them for good. */
  ready(): Promise<void>;
  /** `runs`: where the model runs, if not in the threads; `memory`: of samples that were used up, which may be taken for those of this window. */
  unmix(
    task: Task,
    more?: { readonly runs?: Runs | undefined; readonly memory?: ArrayBuffer | undefined },
  ): Promise<WorkerAnswer>;
  /** Has windows under way end, between two runs of the model. */
  askToStop(): void;
  /** Ends them; no window may be under way but those that were asked to stop. */
  stop(): Promise<void>;
}
