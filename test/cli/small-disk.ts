// A disk that soon is full: a tmpfs of a few bytes. Root mounts it; anyone else does so in a user namespace, where the system lets them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/index.js';
import { binary, type Outcome } from './support.js';

export interface SmallDisk {
  /** Begins anew with a disk of that many bytes. */
  mount(bytes: number): void;
  /** Changes its size, with what is on it. */
  resize(bytes: number): void;
  unmount(): void;
  /** Runs `egunet` in the folder that the disk is mounted in. */
  egunet(args: readonly string[]): Outcome;
  /** A file on the disk, as this process may open it. */
  at(name: string): string;
  /** The disk can no longer be used. */
  release(): void;
}

/** How programs come where the disk is seen, and where this process sees that place. */
interface Place {
  readonly enter: readonly string[];
  readonly root: string;
  release(): void;
}

/** In a namespace of mounts that belongs to this user, held open by a process that sleeps. */
async function ownNamespace(): Promise<Place> {
  const holder = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', 'echo ready; exec sleep 1000']);
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const failed = once(holder, 'close').then(() => Promise.reject(new Error(said.trim())));
  failed.catch(() => {}); // it ends at the end
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'error').then(([error]) => Promise.reject(error)),
    failed,
  ]);
  return {
    enter: ['nsenter', `--target=${holder.pid}`, '--user', '--mount', '--preserve-credentials'],
    root: `/proc/${holder.pid}/root`,
    release: () => holder.kill(),
  };
}

/** Makes `folder/name` the place of a small disk. Rejects with the reasons where none can be mounted here. */
export async function smallDisk(folder: string, name: string): Promise<SmallDisk> {
  const disk = join(folder, name);
  mkdirSync(disk);
  const reasons: string[] = [];
  for (const find of [async (): Promise<Place> => ({ enter: [], root: '', release() {} }), ownNamespace])
    try {
      const made = diskAt(await find(), folder, disk);
      made.mount(2 ** 20);
      made.unmount();
      return made;
    } catch (error) {
      const lines = (error as Error).message.trim().split('\n');
      reasons.push(lines.filter((line) => !line.includes('dmesg')).at(-1)!);
    }
  throw new Error(reasons.join('; '));
}

function diskAt({ enter, root, release }: Place, folder: string, disk: string): SmallDisk {
  const [program, ...before] = [...enter, 'sh', '-c', 'cd "$0" && exec "$@"', folder];
  const size = (bytes: number) => `size=${Math.ceil(bytes / 4096) * 4096}`;
  return {
    mount: (bytes) => run(program!, [...before, 'mount', '-t', 'tmpfs', '-o', size(bytes), 'tmpfs', disk]),
    // Named by both ends, so that mount adds no options that it finds in a table: a namespace may know other users.
    resize: (bytes) => run(program!, [...before, 'mount', '-o', `remount,${size(bytes)}`, 'tmpfs', disk]),
    unmount: () => run(program!, [...before, 'umount', disk]),
    egunet(args) {
      const line = [...before, process.execPath, binary, ...args];
      const { status, stdout, stderr } = spawnSync(program!, line, { encoding: 'utf8' });
      return { code: status, stdout, stderr };
    },
    at: (name) => join(root, disk, name),
    release,
  };
}
