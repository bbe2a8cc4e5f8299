// The program while it runs.
import { spawn } from 'node:child_process';
import { binary, type Outcome } from './support.js';

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
