import type { HttpOptions, SceneAccess } from '@egunet/raster';
import { InterruptedError } from './errors.js';
import { note } from './output.js';
import { progressOn, type StartProgress } from './progress.js';

/** What long work needs of the user's side: when to stop, where to tell how far it is, and how patient to be with servers. */
export interface Control {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly startProgress: StartProgress;
  readonly http?: HttpOptions;
}

/** How a command reaches a scene: until it is stopped, and telling what takes a while. */
export const sceneAccess = ({ signal, http }: Control): SceneAccess => ({ ...http, signal, onNotice: note });

/** Control that this process holds until it is released. */
export interface HeldControl extends Control {
  /** Gives the signals back their usual meaning. */
  release(): void;
}

/**
 * The first Ctrl-C (or SIGTERM, or the terminal's end) aborts `signal`, so that the command stops tidily and says what it `leaves`.
 * The second one ends the process at once, even in the middle of a long computation: no listener is left then, so the operating system sees to it.
 */
export function takeControl({
  verbose,
  leaves = 'nothing is left behind',
  http = {},
}: {
  verbose: boolean;
  leaves?: string;
  http?: HttpOptions;
}): HeldControl {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const release = () => {
    for (const name of signals) process.removeListener(name, stop);
  };
  const stop = () => {
    release();
    // A terminal's line of progress has no end yet.
    note(`${process.stderr.isTTY ? '\n' : ''}egunet: stopping: ${leaves} (Ctrl-C again quits at once)`);
    controller.abort(new InterruptedError(`interrupted: ${leaves}`));
  };
  for (const name of signals) process.on(name, stop);
  return { signal: controller.signal, startProgress: progressOn({ verbose }), http, release };
}
