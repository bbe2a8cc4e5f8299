// One thing after another.

/** Begins a piece of work when the one before has ended, well or not. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Turns of which none has begun. */
export function makeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
