#!/usr/bin/env node
import { statSync } from 'node:fs';
import module from 'node:module';

const age = (file) => statSync(new URL(file, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Among its sources, the bundle may be older than what was compiled last. */
const compiled = ['..', '../../infer/core', '../../infer/node', '../../models', '../../raster'].map((room) =>
  age(`${room}/dist/.tsbuildinfo`),
);
const bundle = age('../bundle/main.js') > Math.max(...compiled);

// Node 22 and newer start faster with compiled code kept on disk; older ones have no such function.
module.enableCompileCache?.();
const { main } = await import(bundle ? '../bundle/main.js' : '../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
