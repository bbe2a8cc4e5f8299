// Writes the golden models and their inputs; fixtures/golden/export/check.py then checks them and adds the outputs:
//   node test/dist/export/write-golden.js && python fixtures/golden/export/check.py

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { root } from '../support/index.js';
import { goldenBytes, goldenModels } from './golden-models.js';

/** Only as a program: a runner of tests that takes whole folders loads this file, too. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await tf.setBackend('cpu');
  const folder = join(root, 'fixtures/golden/export');
  mkdirSync(folder, { recursive: true });
  for (const model of goldenModels) {
    const { inputs: specs } = model.graph();
    const inputs = model.inputs().map((tensor, i) => ({
      name: specs[i]!.name,
      type: tensor.dtype,
      shape: tensor.shape,
      values: Array.from(tensor.dataSync()),
    }));
    writeFileSync(join(folder, `${model.name}.onnx`), goldenBytes(model));
    writeFileSync(join(folder, `${model.name}.json`), `${JSON.stringify({ inputs })}\n`);
  }
}
