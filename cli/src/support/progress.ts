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

/** What progress is written to: standard error, or a terminal like it. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** On a terminal, the line is drawn anew this often at most (ms). */
const DRAW_EVERY = 100;
/** Letters of the bar. */
const BAR = 24;

/** One line that is drawn over itself. It is all that is ever sent: whatever stops the program, the terminal is as it was. */
function bar(label: string, extent: Extent, stream: ProgressStream): Progress {
  const started = performance.now();
  let last = { done: extent.from, detail: '' };
  let drawn = Number.NEGATIVE_INFINITY;
  const draw = () => {
    const { done, detail } = last;
    const share = Math.min(1, done / extent.total);
    const words = [label, `[${'='.repeat(Math.floor(BAR * share)).padEnd(BAR)}]`, `${Math.floor(100 * share)}%`];
    if (done > extent.from) words.push(remaining(started, done, extent), detail);
    // A line that fills the last column would wrap in some terminals; some say they have none.
    stream.write(
      `\r${words
        .filter(Boolean)
        .join(' ')
        .slice(0, (stream.columns || 80) - 1)}\x1b[K`,
    );
    drawn = performance.now();
  };
  draw();
  return {
    update(done, detail = '') {
      last = { done, detail };
      if (performance.now() - drawn >= DRAW_EVERY) draw();
    },
    stop() {
      draw();
      stream.write('\n');
    },
  };
}

function lines(label: string, extent: Extent, { every, stream }: { every: number; stream: ProgressStream }): Progress {
  const started = performance.now();
  let printed = started;
  let pending: { text: string; matters: boolean } | undefined;
  const print = () => {
    if (pending) stream.write(`${pending.text}\n`);
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
export function progressOn({
  verbose,
  stream = process.stderr,
}: {
  readonly verbose: boolean;
  readonly stream?: ProgressStream;
}): StartProgress {
  return (label, total, from = 0) => {
    const extent = { from, total };
    if (stream.isTTY && !verbose) return bar(label, extent, stream);
    return lines(label, extent, { every: verbose ? 0 : LINE_EVERY, stream });
  };
}

/** Shows one progress line after another, each for a stage of the work. */
export function stages(startProgress: StartProgress): {
  show: (stage: string, done: number, total: number) => void;
  stop: () => void;
} {
  let current: { stage: string; line: Progress } | undefined;
  const stop = () => {
    current?.line.stop();
    current = undefined;
  };
  const show = (stage: string, done: number, total: number) => {
    if (current?.stage !== stage) {
      stop();
      current = { stage, line: startProgress(stage, total) };
    }
    current.line.update(done);
    if (done >= total) stop();
  };
  return { show, stop };
}
