// Runs the README as a new user would: every ```sh and ```js block, in order, in a folder that looks like the clone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, temporaryFolder } from '../support/index.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(sh|js|text)\n(.*?)^```/gms)].map(([, kind, text]) => ({ kind, text: text! }));

describe('the README', function () {
  this.timeout(600_000);
  const clone = temporaryFolder();
  let said = '';

  before(() => {
    for (const name of readdirSync(root))
      if (!['demo', '.git'].includes(name)) symlinkSync(join(root, name), join(clone, name));
  });

  function runBlock(program: string, args: string[]): void {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: clone, encoding: 'utf8' });
    assert.equal(status, 0, `${args.at(-1)}\n${stdout}${stderr}`);
    said += stdout;
  }

  for (const { kind, text } of blocks.filter(({ kind }) => kind !== 'text'))
    it(`works: ${text
      .trim()
      .split('\n')
      .at(kind === 'sh' ? 0 : -1)}`, () => {
      if (kind === 'sh') return runBlock('bash', ['-euo', 'pipefail', '-c', text]);
      writeFileSync(join(clone, 'example.mjs'), text);
      runBlock(process.execPath, ['example.mjs']);
    });

  it('shows the lines that the commands print, but for times and rounding', () => {
    const shape = (line: string) =>
      line
        .replace(/[\d.]+/g, '#')
        .replace(/\s+/g, ' ')
        .trim();
    const printed = new Set(said.split('\n').map(shape));
    for (const { text } of blocks.filter(({ kind }) => kind === 'text'))
      for (const line of text.trim().split('\n')) assert.ok(printed.has(shape(line)), line);
  });

  it('names files that are there', () => {
    for (const [, path] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)) assert.ok(existsSync(join(root, path!)), path);
  });
});
