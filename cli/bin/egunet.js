#!/usr/bin/env node
import { statSync } from 'node:fs';
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';

const age = (file) => statSync(new URL(file, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Among its sources, the bundle may be older than what was compiled last. */
const compiled = ['..', '../../infer/core', '../../infer/node', '../../models', '../../raster'].map((room) =>
  age(`${room}/dist/.tsbuildinfo`),
);
const bundle = age('../bundle/main.js') > Math.max(...compiled);

// Node 22 and newer start faster with compiled code kept on disk. Older ones have no such function, but may compile less: most functions run
// for moments, and their compiler takes the cores from the worker threads.
if (module.enableCompileCache) module.enableCompileCache();
else setFlagsFromString('--interrupt-budget=1500000');
const { main } = await import(bundle ? '../bundle/main.js' : '../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
