// What the main process and those of its GPUs say to each other.
import type { PackedError } from '@egunet/infer';
import type { Device } from './model.js';
import type { ThreadsOptions } from './threads.js';
import type { Task } from './unmixers.js';
import type { WorkerAnswer } from './worker.js';

/** The first thing that a process of a GPU is told. */
export interface Begin {
  readonly begin: { readonly model: string; readonly device: Device; readonly deviceId: number } & ThreadsOptions;
}

export type ToDevice = Begin | { readonly id: number; readonly task: Task } | { readonly stop: true };

export type FromDevice =
  /** The model is open, or why not. */
  { readonly ready: true | PackedError } | { readonly id: number; readonly answer: WorkerAnswer };
