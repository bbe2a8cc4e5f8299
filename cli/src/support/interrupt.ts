import { InterruptedError } from './errors.js';
import { note } from './output.js';

/** An interrupt that the work can heed. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives the signals back their usual meaning. */
  release(): void;
}

/**
 * The first Ctrl-C (or SIGTERM) aborts `signal`, so that the command stops tidily and says what it `leaves`.
 * The second one ends the process at once, even in the middle of a long computation: no listener is left then, so the operating system sees to it.
 */
export function heedInterrupt(leaves = 'nothing is left behind'): Interrupt {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const release = () => {
    for (const name of signals) process.removeListener(name, stop);
  };
  const stop = () => {
    release();
    note(`\negunet: stopping: ${leaves} (Ctrl-C again quits at once)`);
    controller.abort(new InterruptedError(`interrupted: ${leaves}`));
  };
  for (const name of signals) process.on(name, stop);
  return { signal: controller.signal, release };
}
