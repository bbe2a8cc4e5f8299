// What the hosted workflows run is what the repository has.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, temporaryFolder } from '../support/index.js';

const { scripts, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = join(root, '.github/workflows');

describe('workflows', function () {
  this.timeout(60_000);
  const copy = temporaryFolder();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');

    it(`${file} runs scripts that there are`, () => {
      const named = [...text.matchAll(/\bnpm (?:run )?(setup|test|[\w:]*:[\w:]+|demo|build|lint)\b/g)].map(
        ([, name]) => name!,
      );
      assert.ok(named.length > 0);
      for (const name of named) assert.ok(name in scripts, name);
    });
  }

  it('have the packages name the repository that they are released from', () => {
    const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const room of ['.', ...workspaces]) {
      mkdirSync(join(copy, room), { recursive: true });
      copyFileSync(join(root, room, 'package.json'), join(copy, room, 'package.json'));
    }
    const [, command] = /run: (npm pkg set .*)/.exec(readFileSync(join(folder, 'release.yml'), 'utf8'))!;
    const { status, stderr } = spawnSync('bash', ['-c', command!], {
      ...{ cwd: copy, encoding: 'utf8' },
      env: { ...process.env, GITHUB_REPOSITORY: 'somebody/egunet' },
    });
    assert.equal(status, 0, stderr);
    for (const room of workspaces)
      assert.deepEqual(JSON.parse(readFileSync(join(copy, room, 'package.json'), 'utf8')).repository, {
        type: 'git',
        url: 'git+https://github.com/somebody/egunet.git',
      });
  });

  it('test on the oldest Node.js that is promised', () => {
    const [oldest] = /\d+\.\d+/.exec(engines.node)!;
    assert.match(readFileSync(join(folder, 'test.yml'), 'utf8'), new RegExp(`node: \\['${oldest}', `));
  });
});
