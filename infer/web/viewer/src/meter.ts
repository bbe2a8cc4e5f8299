// How much was unmixed, and how fast.

export interface Work {
  /** Tiles asked for and not there yet. */
  readonly underWay: number;
  readonly tiles: number;
  /** Of the tiles: those with data. */
  readonly pixels: number;
  /** While at least one tile was under way, s; reading and decoding are in it. */
  readonly seconds: number;
}

export interface Meter {
  /** Counts a tile while it is worked on; its pixels when it is there. */
  tile<T>(work: Promise<T>, pixelsOf: (done: T) => number): Promise<T>;
}

/** `changed` is called whenever a tile begins or ends. */
export function makeMeter(changed: (work: Work) => void): Meter {
  const state = { underWay: 0, tiles: 0, pixels: 0, seconds: 0 };
  let since = 0;
  const move = (by: 1 | -1) => {
    const now = performance.now() / 1000;
    if (state.underWay > 0) state.seconds += now - since;
    since = now;
    state.underWay += by;
  };
  return {
    async tile(work, pixelsOf) {
      move(1);
      changed({ ...state });
      try {
        const done = await work;
        state.tiles++;
        state.pixels += pixelsOf(done);
        return done;
      } finally {
        move(-1);
        changed({ ...state });
      }
    },
  };
}

/** `2 tiles under way; 12 done, 0.48 Mpixel/s`, or `Stopped; ...`. */
export function describeWork({ underWay, tiles, pixels, seconds }: Work, stopped: boolean): string {
  const count = (n: number) => `${n} tile${n === 1 ? '' : 's'}`;
  const rate = seconds > 0 && pixels > 0 ? `, ${(pixels / 1e6 / seconds).toPrecision(2)} Mpixel/s` : '';
  if (stopped) return `Stopped; ${count(tiles)} done${rate}`;
  return underWay > 0 ? `${count(underWay)} under way; ${tiles} done${rate}` : `${count(tiles)} done${rate}`;
}
