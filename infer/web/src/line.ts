// Who came first is served first, piece by piece.

/** For so long after a piece of work, in ms, the next one is kept for who came first: longer than it takes to come back with what is at hand. */
const PATIENCE = 10;

/** Lets in what has come from the network meanwhile: the model runs in this thread, and bytes that are asked for ahead come only between its runs. */
function arrivals(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

interface Ask {
  /** It is its turn. */
  readonly go: () => void;
  readonly stop: (reason: unknown) => void;
}

interface Comer {
  /** Pieces of work that wait. */
  readonly asks: Ask[];
  /** When its last piece was done. */
  done: number;
}

/** A place in a line. */
export interface Place {
  /** Does a piece of work when it is this place's turn. Rejects with the signal's reason when it is stopped before. */
  turn<T>(work: () => Promise<T>): Promise<T>;
  /** Once all is done. */
  leave(): void;
}

/**
 * A line to stand in: one piece of work is done at a time, and of all who stand there the one's who came first; another's only where
 * that one has nothing to do, and is not about to.
 */
export function makeLine(): { enter(signal?: AbortSignal): Place } {
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
      ready.asks.shift()!.go();
    }
  }

  return {
    enter(signal) {
      const comer: Comer = { asks: [], done: Number.NEGATIVE_INFINITY };
      line.push(comer);
      const stop = () => {
        for (const ask of comer.asks.splice(0)) ask.stop(signal!.reason);
        serve();
      };
      signal?.addEventListener('abort', stop);
      return {
        async turn(work) {
          signal?.throwIfAborted();
          await new Promise<void>((go, stop) => {
            comer.asks.push({ go, stop });
            serve();
          });
          try {
            return await work();
          } finally {
            await arrivals();
            comer.done = performance.now();
            busy = false;
            serve();
          }
        },
        leave() {
          signal?.removeEventListener('abort', stop);
          line.splice(line.indexOf(comer), 1);
          serve();
        },
      };
    },
  };
}
