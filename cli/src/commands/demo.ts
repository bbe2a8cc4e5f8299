import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'demo <scene>';
export const describe = 'demo';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 demo X', 'bla');
export const handler = async () => {};
