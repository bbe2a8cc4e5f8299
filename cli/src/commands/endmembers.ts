import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'endmembers <scene>';
export const describe = 'endmembers';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 endmembers X', 'bla');
export const handler = async () => {};
