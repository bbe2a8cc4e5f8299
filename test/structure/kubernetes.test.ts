// The manifests of deploy/kubernetes against the API's own schemas, and against each other.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IJob, Job } from 'kubernetes-models/batch/v1';
import { ConfigMap, type IConfigMap } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { root } from '../support/index.js';

const folder = join(root, 'deploy/kubernetes');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const read = (name: string) =>
  parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((one) => one.toJS() as Manifest);

/** Throws where a manifest is not what the schema says. */
function validate(manifest: Manifest): void {
  if (manifest.kind === 'Job') new Job(manifest as unknown as IJob).validate();
  else if (manifest.kind === 'ConfigMap') new ConfigMap(manifest as unknown as IConfigMap).validate();
  else assert.fail(`${manifest.kind} is not looked at`);
}

const find = <T>(name: string, of: string) => read(of).find(({ metadata }) => metadata.name === name) as T;

describe('the manifests for Kubernetes', () => {
  it('are as the schemas say', () => {
    for (const name of readdirSync(folder)) read(name).forEach(validate);
    const job = find<IJob & Manifest>('egunet-unmix', 'unmix.yaml');
    const broken = { ...job, spec: { ...job.spec, completions: 'sixteen' } };
    assert.throws(() => validate(broken as unknown as Manifest), /completions/);
  });

  it('ask for as many parts as there are pods, by commands that there are', () => {
    const job = find<IJob>('egunet-unmix', 'unmix.yaml');
    const { data } = find<IConfigMap>('egunet', 'unmix.yaml');
    assert.equal(`${job.spec!.completions}`, data!.SHARDS);
    const [container] = job.spec!.template.spec!.containers;
    const printing = container!.args![0]!.replace('exec /opt/egunet/node_modules/.bin/egunet', `printf '%s\\n'`);
    const said = execFileSync('sh', ['-c', printing], { env: { ...process.env, ...data, JOB_COMPLETION_INDEX: '15' } });
    assert.deepEqual(`${said}`.trim().split('\n'), [
      ...['infer', '/data/scene.tif', '--model', 'zoo:enmap-cover', '-o', '/data/cover.tif'],
      ...['--workers', '4', '--shard', '16/16'],
    ]);
    const merge = find<IJob>('egunet-merge', 'merge.yaml');
    assert.deepEqual(merge.spec!.template.spec!.containers[0]!.args, ['merge', '$(MAP)']);
  });
});
