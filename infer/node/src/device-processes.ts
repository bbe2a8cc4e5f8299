// A process for each of several GPUs: in one process runs on two of them would wait for each other.
import { type ChildProcess, fork } from 'node:child_process';
import { InferError } from '@egunet/infer';
import type { Begin, FromDevice, ToDevice } from './device-messages.js';
import type { Device } from './model.js';
import { unpackError } from './remote-error.js';
import type { ThreadsOptions } from './threads.js';
import type { Task, Unmixers } from './unmixers.js';
import type { WorkerAnswer } from './worker.js';

export interface DeviceProcessesOptions {
  /** Threads of all together; each process has one at least. */
  readonly workers: number;
  readonly settings: ThreadsOptions['settings'];
  readonly device: Device;
  readonly deviceIds: readonly number[];
}

/** How long a process may take to end after it was asked to, ms: a run of the model, or a driver that sets itself up. */
const PATIENCE = 20_000;

/** What waits for an answer. */
interface Waiting {
  resolve(answer: WorkerAnswer): void;
  reject(error: Error): void;
}

interface DeviceProcess {
  readonly ready: Promise<void>;
  /** Windows that it has. */
  readonly waiting: ReadonlyMap<number, Waiting>;
  unmix(task: Task): Promise<WorkerAnswer>;
  stop(): Promise<void>;
}

const died = (name: string, code: number | null, signal: string | null): InferError =>
  new InferError(
    `the process of ${name} ended before its work was done (${signal ?? `exit code ${code}`}); run it again, with fewer workers if memory is short, or without that GPU`,
  );

function startProcess(begin: Begin['begin']): DeviceProcess {
  // Its output is no result: what native libraries print goes where errors go.
  const child: ChildProcess = fork(new URL('./device-process.js', import.meta.url), {
    serialization: 'advanced',
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let gone: Error | undefined;
  const send = (message: ToDevice) => void child.send(message, () => {}); // one that is gone is told of by 'exit'
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve()); // it could not be started
  });
  const ready = new Promise<void>((resolve, reject) => {
    const end = (error: Error) => {
      gone = error;
      reject(error);
      for (const { reject: give } of waiting.values()) give(error);
      waiting.clear();
    };
    child.on('error', end);
    child.on('exit', (code, signal) => end(died(`${begin.device} ${begin.deviceId}`, code, signal)));
    child.on('message', (message: FromDevice) => {
      if ('ready' in message) {
        if (message.ready === true) resolve();
        else reject(unpackError(message.ready));
        return;
      }
      waiting.get(message.id)?.resolve(message.answer);
      waiting.delete(message.id);
    });
  });
  ready.catch(() => {}); // seen by who asks for it
  send({ begin });
  return {
    ready,
    waiting,
    unmix: (task) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(gone);
        waiting.set(next, { resolve, reject });
        send({ id: next++, task });
      }),
    async stop() {
      if (gone) return;
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
      send({ stop: true });
      await exited;
      clearTimeout(timer);
    },
  };
}

/** So many threads for each of so many processes. */
const shareOf = (workers: number, processes: number, index: number): number =>
  Math.max(1, Math.floor(workers / processes) + (index < workers % processes ? 1 : 0));

/** Starts a process for each GPU, which opens the model there. Stop them when done. */
export function startDeviceProcesses(options: DeviceProcessesOptions): Unmixers {
  const { workers, settings, device, deviceIds } = options;
  const shares = deviceIds.map((_, index) => shareOf(workers, deviceIds.length, index));
  const all = deviceIds.map((deviceId, index) => {
    const share = shares[index]!;
    return startProcess({ model: settings.model, device, deviceId, workers: share, atOnce: share, settings });
  });
  return {
    count: shares.reduce((sum, share) => sum + share, 0),
    ready: async () => void (await Promise.all(all.map(({ ready }) => ready))),
    unmix(task) {
      const load = all.map(({ waiting }, index) => waiting.size / shares[index]!);
      return all[load.indexOf(Math.min(...load))]!.unmix(task);
    },
    askToStop() {
      for (const one of all) void one.stop();
    },
    stop: async () => void (await Promise.all(all.map((one) => one.stop()))),
  };
}
