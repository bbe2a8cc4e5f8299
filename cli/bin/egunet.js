#!/usr/bin/env node
import module from 'node:module';

// Node 22 and newer start faster with compiled code kept on disk; older ones have no such function.
module.enableCompileCache?.();
const { main } = await import('../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
