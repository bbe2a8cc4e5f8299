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

function remaining(started: number, done: number, total: number): string {
  if (done <= 0) return 'ETA unknown';
  return `ETA ${formatSeconds(((performance.now() - started) / 1000) * ((total - done) / done))}`;
}

function bar(label: string, total: number): Progress {
  const started = performance.now();
  const line = new SingleBar({
    stream: process.stderr,
    format: `${label} [{bar}] {percentage}% {eta} {detail}`,
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: false,
    gracefulExit: false,
    fps: 5,
  });
  let last = { done: 0, detail: '' };
  const show = () => line.update(last.done, { detail: last.detail, eta: remaining(started, last.done, total) });
  line.start(total, 0, { detail: '', eta: '' });
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

function lines(label: string, total: number): Progress {
  const started = performance.now();
  let printed = started;
  let pending: string | undefined;
  const print = () => {
    if (pending !== undefined) process.stderr.write(`${pending}\n`);
    pending = undefined;
    printed = performance.now();
  };
  return {
    update(done, detail = '') {
      const percent = Math.floor((100 * done) / total);
      pending = [label, `${percent}%`, remaining(started, done, total), detail].filter(Boolean).join(' ');
      if (performance.now() - printed >= LINE_EVERY) print();
    },
    stop: print,
  };
}

/** Starts a progress line for `total` pieces of work: a bar on a terminal, else a plain line every few seconds. */
export function startProgress(label: string, total: number): Progress {
  return process.stderr.isTTY ? bar(label, total) : lines(label, total);
}
