import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'infer <scene>';
export const describe = 'infer';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 infer X', 'bla');
export const handler = async () => {};
