import type { Argv } from 'yargs';
import { withCommon } from '../support/options.js';
export const command = 'train <scene>';
export const describe = 'train';
export const builder = (yargs: Argv) =>
  withCommon(yargs.positional('scene', { type: 'string', demandOption: true })).example('$0 train X', 'bla');
export const handler = async () => {};
