// The program while it runs.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { atMoment, binary, type Moment, type Outcome } from './support.js';

/** Runs `egunet` and calls `act`, once, when standard error first matches `when`; the program stands still meanwhile, then goes on. */
export function whileRunning(
  args: readonly string[],
  { cwd, when, act }: { cwd: string; when: RegExp; act: () => void },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [binary, ...args], { cwd });
    const said = { stdout: '', stderr: '' };
    let acted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
      if (acted || !when.test(said.stderr)) return;
      acted = true;
      try {
        child.kill('SIGSTOP');
        act();
        child.kill('SIGCONT');
      } catch (error) {
        child.kill('SIGKILL');
        reject(error);
      }
    });
    child.on('error', reject);
    child.on('close', (code) =>
      acted ? resolve({ code, ...said }) : reject(new Error(`never said ${when}: ${said.stderr}`)),
    );
  });
}

/** Runs `egunet` under a pseudo-terminal, and presses Ctrl-C at the moment `when`; words are looked for on the screen. */
export function onTerminal(
  args: readonly string[],
  { cwd, env = {}, when }: { cwd: string; env?: Readonly<Record<string, string>>; when?: Moment },
): Promise<{ screen: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const line = [process.execPath, binary, ...args].map((arg) => `'${arg}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      cwd,
      env: { ...process.env, ...env },
    });
    let screen = '';
    const stopLooking = atMoment(
      when,
      () => screen,
      () => child.stdin.write('\x03'),
    );
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      stopLooking();
      resolve({ screen, code });
    });
  });
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
