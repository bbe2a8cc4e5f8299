// How far unmixing is, and the button that stops it and lets it go on.
import { byId } from './dom.js';
import { describeWork, type Meter, makeMeter, type Work } from './meter.js';

export interface Progress {
  /** Aborted when a person stops the work; another one when it goes on. */
  readonly stop: AbortSignal;
  /** Counts the work of another layer, until it is shown no longer. */
  begin(shown: AbortSignal): Meter;
}

const NONE: Work = { underWay: 0, tiles: 0, pixels: 0, seconds: 0 };

/** Connects the page's line and button; `goOn` is called when a person lets the work go on. */
export function makeProgress(goOn: () => void): Progress {
  const [line, button] = [byId('progress', HTMLElement), byId('halt', HTMLButtonElement)];
  let halt = new AbortController();
  let work = NONE;
  const say = () => {
    const stopped = halt.signal.aborted;
    line.textContent = work === NONE && !stopped ? 'The scene is read first' : describeWork(work, stopped);
    button.textContent = stopped ? 'Go on' : 'Stop';
    button.hidden = !stopped && work.underWay === 0;
  };
  button.addEventListener('click', () => {
    const stopped = halt.signal.aborted;
    if (stopped) halt = new AbortController();
    else halt.abort();
    say();
    if (stopped) goOn();
  });
  return {
    get stop() {
      return halt.signal;
    },
    begin(shown) {
      const count = (next: Work) => {
        if (shown.aborted) return;
        work = next;
        say();
      };
      count(NONE);
      return makeMeter(count);
    },
  };
}
