import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'info <scene>';
export const describe = 'info';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 info X', 'bla');
export const handler = async () => {};
