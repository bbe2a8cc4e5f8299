import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';
import { goldenBytes, goldenModels } from './golden-models.js';
import { assertClose, type Output, onCpuBackend, runGraph } from './support.js';

const folder = join(root, 'fixtures/golden/export');

describe('models accepted by onnx.checker', () => {
  onCpuBackend();

  for (const model of goldenModels) {
    it(`${model.name}: are, byte for byte, what is written today`, () => {
      const accepted = new Uint8Array(readFileSync(join(folder, `${model.name}.onnx`)));
      assert.ok(
        Buffer.compare(goldenBytes(model), accepted) === 0,
        'the model has changed: run write-golden.js and check.py, see test/export/write-golden.ts',
      );
    });

    it(`${model.name}: give what onnxruntime's Python build gives`, async () => {
      const golden = JSON.parse(readFileSync(join(folder, `${model.name}.json`), 'utf8')) as { outputs: Output[] };
      const actual = await runGraph(model.graph(), model.inputs());
      assert.deepEqual(
        actual.map(({ name, shape, type }) => [name, type, shape]),
        golden.outputs.map(({ name, shape, type }) => [name, type, shape]),
      );
      for (const [i, { values }] of actual.entries()) assertClose(values, golden.outputs[i]!.values);
    });
  }
});
