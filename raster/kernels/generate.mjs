// Makes src/generated/kernels.ts from the AssemblyScript beside this file:  node raster/kernels/generate.mjs [OUTPUT FOLDER]
// The module travels as text, so that neither bundlers nor packages have to know of a .wasm file: two digits a byte, which gzip makes a quarter smaller than
// base64, whose characters do not begin where bytes do.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const here = dirname(fileURLToPath(import.meta.url));
// With the functions' names, for profiles.
const OPTIONS = ['--enable', 'simd', '-O3', '--runtime', 'stub', '--noAssert', '--debug', '--use', 'abort='];

/** Compiles index.ts to WebAssembly. */
async function compile() {
  let binary;
  const { error, stderr } = await asc.main(['index.ts', '--baseDir', here, ...OPTIONS, '--outFile', 'kernels.wasm'], {
    writeFile: (_, contents) => {
      binary = contents;
    },
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return binary;
}

const folder = resolve(process.argv[2] ?? join(here, '..', 'src', 'generated'));
const digits = Buffer.from(await compile()).toString('hex');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'kernels.ts'),
  `// Made by kernels/generate.mjs from the AssemblyScript in kernels/; do not edit.\nexport const KERNELS_HEX =\n  '${digits}';\n`,
);
