// Writes the golden head and its input; the script then checks it with onnx.checker and adds the outputs of Python's onnxruntime:
//   node test/dist/train/write-golden.js && python fixtures/golden/export/check.py fixtures/golden/train
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../support/index.js';
import { goldenHead, goldenPixels } from './golden-head.js';

/** Only as a program: a runner of tests that takes whole folders loads this file, too. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(root, 'fixtures/golden/train');
  const inputs = [{ name: 'spectra', type: 'float32', shape: [goldenPixels.length / 8, 8], values: [...goldenPixels] }];
  writeFileSync(join(folder, 'head.onnx'), (await goldenHead()).bytes);
  writeFileSync(join(folder, 'head.json'), `${JSON.stringify({ inputs })}\n`);
}
