import { SingleBar } from 'cli-progress';
import { formatSeconds } from './output.js';

/** A running account on standard error of how far the work is. */
export interface Progress {
  /** `done` of the total is finished; `detail` is the latest figures. */
  update(done: number, detail?: string): void;
  /** Leaves the last state standing. */
  stop(): void;
}

/** Without a terminal, a line this often (ms). */
const LINE_EVERY = 3000;

/** The work: from where (not 0 where it is resumed) to where. */
interface Extent {
  readonly from: number;
  readonly total: number;
}

function remaining(started: number, done: number, { from, total }: Extent): string {
  if (done >= total) return `in ${formatSeconds((performance.now() - started) / 1000)}`;
  if (done <= from) return 'ETA unknown';
  return `ETA ${formatSeconds(((performance.now() - started) / 1000) * ((total - done) / (done - from)))}`;
}

function bar(label: string, extent: Extent): Progress {
  const started = performance.now();
  const line = new SingleBar({
    stream: process.stderr,
    format: `${label} [{bar}] {percentage}% {left} {detail}`,
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: false,
    gracefulExit: false,
    fps: 5,
  });
  let last = { done: extent.from, detail: '' };
  const show = () => line.update(last.done, { detail: last.detail, left: remaining(started, last.done, extent) });
  line.start(extent.total, extent.from, { detail: '', left: '' });
  return {
    update(done, detail = '') {
      last = { done, detail };
      show();
    },
    stop() {
      show();
      line.stop();
    },
  };
}

function lines(label: string, extent: Extent, every: number): Progress {
  const started = performance.now();
  let printed = started;
  let pending: { text: string; matters: boolean } | undefined;
  const print = () => {
    if (pending) process.stderr.write(`${pending.text}\n`);
    pending = undefined;
    printed = performance.now();
  };
  return {
    update(done, detail = '') {
      const percent = Math.floor((100 * done) / extent.total);
      const words = [label, `${percent}%`, remaining(started, done, extent), detail];
      // Where the work was over at once, only figures are worth a line.
      pending = { text: words.filter(Boolean).join(' '), matters: detail !== '' || printed > started };
      if (performance.now() - printed >= every) print();
    },
    stop() {
      if (pending?.matters) print();
    },
  };
}

/** Starts a progress line for `total` pieces of work, `from` (0 when absent) of which are done. */
export type StartProgress = (label: string, total: number, from?: number) => Progress;

/** Progress as a bar on a terminal, else as a plain line every few seconds; with `verbose`, a line for every step. */
export function progressOn({ verbose }: { readonly verbose: boolean }): StartProgress {
  return (label, total, from = 0) => {
    const extent = { from, total };
    return process.stderr.isTTY && !verbose ? bar(label, extent) : lines(label, extent, verbose ? 0 : LINE_EVERY);
  };
}
