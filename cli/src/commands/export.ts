import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'export <scene>';
export const describe = 'export';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 export X', 'bla');
export const handler = async () => {};
