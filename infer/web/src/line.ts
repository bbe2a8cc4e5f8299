// Who came first is served first, piece by piece.

/** A piece of work is kept for who came first for so long after its last one, in ms: it may be reading what the next one needs. */
const PATIENCE = 50;

interface Comer {
  /** Pieces of work that wait. */
  readonly asks: (() => void)[];
  /** When its last piece was done. */
  done: number;
}

/** A place in a line. */
export interface Place {
  /** Does a piece of work when it is this place's turn. */
  turn<T>(work: () => Promise<T>): Promise<T>;
  /** Once all is done. */
  leave(): void;
}

/**
 * A line to stand in: one piece of work is done at a time, and of all who stand there the one's who came first; another's only where
 * that one has nothing to do, and is not about to.
 */
export function makeLine(): { enter(): Place } {
  const line: Comer[] = [];
  let busy = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function serve(): void {
    clearTimeout(timer);
    const ready = line.find(({ asks }) => asks.length > 0);
    if (busy || !ready) return;
    const wait = ready === line[0] ? 0 : line[0]!.done + PATIENCE - performance.now();
    if (wait > 0) timer = setTimeout(serve, wait);
    else {
      busy = true;
      ready.asks.shift()!();
    }
  }

  return {
    enter() {
      const comer: Comer = { asks: [], done: Number.NEGATIVE_INFINITY };
      line.push(comer);
      return {
        async turn(work) {
          await new Promise<void>((go) => {
            comer.asks.push(go);
            serve();
          });
          try {
            return await work();
          } finally {
            comer.done = performance.now();
            busy = false;
            serve();
          }
        },
        leave() {
          line.splice(line.indexOf(comer), 1);
          serve();
        },
      };
    },
  };
}
