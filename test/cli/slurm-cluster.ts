// A Slurm cluster of one node in a folder of its own: its own munge, controller and daemon, on ports of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './running.js';

/** Daemons lie where the search path of users need not lead. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Whether a program is there. */
export const isInstalled = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { env: { ...process.env, PATH } }).status === 0;

export interface Cluster {
  /** What commands need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of Slurm's commands, and returns what it prints. */
  ask(command: string, ...args: string[]): string;
  stop(): Promise<void>;
}

const configuration = (folder: string, ports: readonly [number, number], processors: number): string => {
  const [name, user] = [hostname().split('.')[0]!, userInfo().username];
  return `ClusterName=test
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=${join(folder, 'munge.sock')}
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool')}
SlurmctldPidFile=${join(folder, 'slurmctld.pid')}
SlurmdPidFile=${join(folder, 'slurmd.pid')}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=1
ReturnToService=2
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${processors} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
`;
};

/** Starts a cluster whose node has so many processors. Rejects with what its daemons say where it does not come up. */
export async function startCluster(folder: string, processors: number): Promise<Cluster> {
  for (const name of ['', 'state', 'spool']) mkdirSync(join(folder, name), { recursive: true });
  const file = join(folder, 'slurm.conf');
  writeFileSync(file, configuration(folder, [await freePort(), await freePort()], processors));
  const key = join(folder, 'munge.key');
  writeFileSync(key, randomBytes(128), { mode: 0o600 });
  const env = { ...process.env, PATH, SLURM_CONF: file } as Record<string, string>;
  const daemons: ChildProcess[] = [];
  const logs: string[] = [];
  const start = (program: string, ...args: string[]) => {
    const daemon = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [daemon.stdout!, daemon.stderr!]) stream.on('data', (text) => logs.push(String(text)));
    daemons.push(daemon);
  };
  const ask = (command: string, ...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const stop = async () => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null) continue;
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await Promise.race([ended, sleep(5000).then(() => daemon.kill('SIGKILL'))]);
    }
  };
  const munge = ['socket', 'pid-file', 'log-file', 'seed-file'].map(
    (what) => `--${what}=${join(folder, `munge.${what.replace('socket', 'sock')}`)}`,
  );
  start('munged', '--foreground', '--force', `--key-file=${key}`, ...munge);
  start('slurmctld', '-D', '-f', file);
  start('slurmd', '-D', '-f', file);
  for (let tries = 0; tries < 100; tries++) {
    const { stdout } = spawnSync('sinfo', ['--noheader', '--format=%t'], { env, encoding: 'utf8' });
    if (stdout.trim() === 'idle') return { env, ask, stop };
    await sleep(200);
  }
  await stop();
  throw new Error(`Slurm did not come up:\n${logs.join('').slice(-4000)}\n${readFileSync(file, 'utf8')}`);
}
