// A Redis server of the test's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './running.js';

export interface RedisServer {
  readonly url: string;
  /** Ends it as a power failure would, and begins again with what is on disk. */
  restart(): Promise<void>;
  /** Does not answer for so long (ms), as where the network is cut. */
  pause(time: number): Promise<void>;
  stop(): Promise<void>;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.end();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** Starts a server that keeps what it holds in `folder`, every write at once. */
export async function startRedis(folder: string, password?: string): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction', ...(password ? ['--requirepass', password] : [])]; // biome-ignore format: one command line
  let server: ChildProcess;
  const start = async () => {
    server = spawn('redis-server', args, { stdio: 'ignore' });
    for (let tries = 0; !(await answers(port)); tries++) {
      if (tries > 100) throw new Error('redis-server does not come up');
      await sleep(50);
    }
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    if (server.exitCode === null && server.kill(signal)) await ended;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    async restart() {
      await stop('SIGKILL');
      await start();
    },
    async pause(time) {
      server.kill('SIGSTOP');
      await sleep(time);
      server.kill('SIGCONT');
    },
    stop: () => stop(),
  };
}
