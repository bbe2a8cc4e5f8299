// deploy/slurm/unmix.sh on a real Slurm.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, skipOrFail, temporaryFolder } from '../support/index.js';
import { type Cluster, isInstalled, startCluster } from './slurm-cluster.js';
import { binary, makeLargeScene, succeed } from './support.js';

describe('the script for Slurm', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  let cluster: Cluster | undefined;

  before(async function () {
    const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter((program) => !isInstalled(program));
    if (missing.length > 0)
      skipOrFail(this, `${missing.join(', ')} not found: install slurmctld, slurmd, slurm-client and munge`);
    makeLargeScene(folder, { rows: 1100, cols: 1300 });
    cluster = await startCluster(at('slurm'), 4);
  });

  after(() => cluster?.stop());

  /** Submits, and waits until nothing of it is left to run; returns what the script printed. */
  async function submit(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = spawnSync(join(root, 'deploy/slurm/unmix.sh'), args, {
      ...{ cwd: folder, encoding: 'utf8' },
      env: { ...cluster!.env, EGUNET: binary, EGUNET_CPUS: '1' },
    });
    assert.equal(status, 0, stderr);
    const jobs = /squeue -j (\S+) shows them/.exec(stdout)![1]!;
    for (
      let tries = 0;
      cluster!
        .ask('squeue', '--noheader', '--jobs', jobs, '--states=all', '--format=%T')
        .split('\n')
        .some((state) => !/^(COMPLETED|FAILED|CANCELLED)$/.test(state));
      tries++
    ) {
      assert.ok(tries < 300, cluster!.ask('squeue'));
      await sleep(200);
    }
    return stdout;
  }

  it('makes the map of one process, byte for byte, of as many tasks as are asked for', async () => {
    succeed(['infer', 'large.img', '-m', 'model.onnx', '-o', 'map.tif', '--dtype', 'uint16'], folder);
    const whole = readFileSync(at('map.tif'));
    rmSync(at('map.tif'));
    const said = await submit('large.img', 'model.onnx', 'map.tif', '3', '--dtype', 'uint16');
    assert.match(said, /^3 parts: job \d+; map: job \d+, when all of them are done$/m);
    const log = (name: string) => readFileSync(at(`map.tif.slurm-${name}.log`), 'utf8');
    for (const number of [1, 2, 3])
      assert.match(log(`${number}`), new RegExp(`^shard +${number} of 3 of map\\.tif`, 'm'));
    assert.match(log('merge'), /^map +map\.tif \(cog\), 1100 rows x 1300 columns/m);
    assert.ok(readFileSync(at('map.tif')).equals(whole));
    assert.ok(!readdirSync(folder).some((name) => name.includes('.shard-')));
  });

  it('makes none where a task fails, and says why in its log', async () => {
    await submit('large.img', 'missing.onnx', 'failed.tif', '2');
    assert.match(readFileSync(at('failed.tif.slurm-2.log'), 'utf8'), /^egunet: .*missing\.onnx/m);
    assert.ok(!existsSync(at('failed.tif')) && !existsSync(at('failed.tif.slurm-merge.log')));
  });

  it('says how it is used', () => {
    const { status, stderr } = spawnSync(join(root, 'deploy/slurm/unmix.sh'), ['scene.tif'], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /deploy\/slurm\/unmix\.sh SCENE MODEL MAP \[SHARDS\]/);
    const given = ['scene.tif', 'model.onnx', 'map.tif', '--mask', 'cloud'];
    const wrong = spawnSync(join(root, 'deploy/slurm/unmix.sh'), given, { encoding: 'utf8' });
    assert.deepEqual([wrong.status, wrong.stderr], [2, "SHARDS: expected how many parts, 1 to 9999, got '--mask'\n"]);
  });
});
