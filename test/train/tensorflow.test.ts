// Training on TensorFlow's own library beside tfjs's CPU backend.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { requireTensorflow, run } from '../support/index.js';

const script = fileURLToPath(new URL('./tensorflow-steps.js', import.meta.url));

describe('TensorFlow', function () {
  this.timeout(120_000);

  for (const name of ['tfjs-node', 'tfjs-node-gpu'] as const)
    it(`by ${name} has the losses of tfjs in each of 10 steps within 1e-4, and keeps no tensors`, function () {
      const folder = requireTensorflow(this, name);
      const { version, reference, trained, before, after, noMemory } = JSON.parse(
        run(process.execPath, [script, folder, name]),
      );
      assert.match(version, /^2\.\d+\.\d+/);
      assert.deepEqual([reference.backend, trained.backend, after], ['cpu', 'tensorflow', 'cpu']);
      assert.equal(trained.losses.length, 90);
      // Later ones part further: Adam's first steps have the rate of the gradient's sign, and gradients of all but 0 are rounding.
      for (const [i, loss] of trained.losses.slice(0, 30).entries()) {
        const expected = reference.losses[i];
        assert.ok(Math.abs(loss - expected) <= 1e-4 * Math.abs(expected), `loss ${i}: ${loss} but ${expected}`);
      }
      assert.equal(new Set(trained.tensors).size, 1, `${trained.tensors}`);
      assert.equal(trained.left, before);
      assert.ok(noMemory);
    });
});
