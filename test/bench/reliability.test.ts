// What the benchmark of an ensemble's spread counts, and that it runs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { requireData } from '../support/index.js';
import { compiled, load } from './support.js';

type Table = typeof import('../../bench/src/reliability-table.js');

describe('the reliability of a spread', () => {
  let bench: Table;
  before(async () => {
    bench = await load<Table>('reliability-table');
  });
  const pair = (spread: number, error: number, abundance = 0.5) => ({ spread, error, abundance });

  it('is told by means, and by how often an error is within one spread and two', () => {
    const { pairs, spread, rmse, within } = bench.reliabilityOf([pair(0.1, 0.1), pair(0.1, -0.15), pair(0.4, 1.2)]);
    assert.equal(pairs, 3);
    assert.ok(Math.abs(spread - 0.2) < 1e-12);
    assert.ok(Math.abs(rmse - Math.sqrt((0.01 + 0.0225 + 1.44) / 3)) < 1e-12);
    assert.deepEqual(within, [1 / 3, 2 / 3]);
  });

  it('has every pair in one group, the least spread first', () => {
    const spreads = [5, 3, 9, 1, 7, 2, 8];
    const groups = bench.bySpread(
      spreads.map((spread) => pair(spread, 0)),
      3,
    );
    assert.deepEqual(
      groups.map((group) => group.map(({ spread }) => spread)),
      [
        [1, 2],
        [3, 5, 7],
        [8, 9],
      ],
    );
  });

  it('ranks as Spearman does, ties at the mean of their ranks, whatever the sign of an error', () => {
    const of = (pairs: ReturnType<typeof pair>[]) => bench.rankCorrelation(pairs, ({ spread }) => spread);
    assert.ok(Math.abs(of([pair(1, -2), pair(2, 3), pair(3, -50)]) - 1) < 1e-12);
    assert.ok(Math.abs(of([pair(1, 9), pair(2, -3), pair(3, 1)]) + 1) < 1e-12);
    // Ranks 1, 2.5, 2.5, 4, 5 and 3, 1.5, 4, 1.5, 5: covariance 2.75, variances 9.5, in units of a fifth.
    const tied = [pair(1, 3), pair(2, -1), pair(2, 4), pair(4, 1), pair(5, -5)];
    assert.ok(Math.abs(of(tied) - 2.75 / 9.5) < 1e-12, `${of(tied)}`);
  });

  it('is printed for spectra and for sources that were held out', function () {
    this.timeout(120_000);
    requireData(this, 'earthlib/spectra.sli');
    const small = ['--steps', '2', '--mixtures', '200', '--members', '2'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [compiled('reliability'), ...small], { encoding: 'utf8' }); // biome-ignore format: one line says more
    assert.equal(status, 0, stderr);
    const lines = stdout.split('\n');
    assert.equal(lines.filter((line) => /^\| (\d+|all) \|/.test(line)).length, 2 * (11 + 1));
    for (const name of ['green vegetation', 'dry vegetation', 'soil', 'built', 'water'])
      assert.equal(lines.filter((line) => line.startsWith(`| ${name} |`)).length, 2);
    assert.match(stdout, /2 encoders, 2 steps, seed 1, 198 bands of EnMAP, 7243 spectra; 200 mixtures/);
  });
});
