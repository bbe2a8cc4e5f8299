// A process that has one GPU of several, and threads that decode for it: unmixes the windows that the main process hands it.
import { packError } from '@egunet/infer';
import type { Begin, FromDevice, ToDevice } from './device-messages.js';
import { type Engine, openEngine } from './engine.js';
import { startThreads } from './threads.js';
import type { Task, Unmixers } from './unmixers.js';

let threads: Unmixers | undefined;
let engine: Promise<Engine> | undefined;
/** Windows under way. */
const underWay = new Set<Promise<void>>();

/** The main process may have gone: then there is nobody to tell. */
const tell = (message: FromDevice): void => void (process.connected && process.send?.(message, () => {}));

async function begin({ model, device, deviceId, ...options }: Begin['begin']): Promise<void> {
  threads = startThreads(options);
  engine = openEngine({ model, device, deviceIds: [deviceId] });
  try {
    await engine;
    tell({ ready: true });
  } catch (error) {
    tell({ ready: packError(error) });
  }
}

async function unmix(id: number, task: Task): Promise<void> {
  try {
    const { runs } = await engine!;
    tell({ id, answer: await threads!.unmix(task, { runs }) });
  } catch (error) {
    tell({ id, answer: { error: packError(error) } });
  }
}

let ending = false;

/** Ends the process when what is under way has ended. */
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  threads?.askToStop();
  await Promise.allSettled(underWay);
  await threads?.stop();
  await engine?.then(({ release }) => release()).catch(() => {});
  process.exit(0);
}

process.on('message', (message: ToDevice) => {
  if ('begin' in message) void begin(message.begin);
  else if ('stop' in message) void end();
  else {
    const work = unmix(message.id, message.task).finally(() => underWay.delete(work));
    underWay.add(work);
  }
});
process.on('disconnect', () => void end());
// A terminal tells every process of Ctrl-C: the main one stops this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
