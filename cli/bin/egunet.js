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

/** Bytes of bytecode that a function runs before it is considered for compiling; V8's own choice is 67,584. */
const INTERRUPT_BUDGET = 1_500_000;

// Node 22 and newer start faster with compiled code kept on disk. Node 20 cannot do that, but compile less: most functions run for moments here,
// and their compiler takes the cores from the worker threads.
if (module.enableCompileCache) module.enableCompileCache();
else setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
const { main } = await import(bundle ? '../bundle/main.js' : '../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
