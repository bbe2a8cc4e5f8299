import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'evaluate <scene>';
export const describe = 'evaluate';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 evaluate X', 'bla');
export const handler = async () => {};
