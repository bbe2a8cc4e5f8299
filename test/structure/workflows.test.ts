// What the hosted workflows run is what the repository has.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';

const { scripts, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = join(root, '.github/workflows');

describe('workflows', () => {
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

  it('test on the oldest Node.js that is promised', () => {
    const [oldest] = /\d+\.\d+/.exec(engines.node)!;
    assert.match(readFileSync(join(folder, 'test.yml'), 'utf8'), new RegExp(`node: \\['${oldest}', `));
  });
});
