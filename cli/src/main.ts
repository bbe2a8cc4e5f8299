import yargs from 'yargs';
import * as demo from './commands/demo.js';
import * as endmembers from './commands/endmembers.js';
import * as evaluate from './commands/evaluate.js';
import * as exportCommand from './commands/export.js';
import * as infer from './commands/infer.js';
import * as info from './commands/info.js';
import * as train from './commands/train.js';
import { describeFailure, EXIT, UsageError } from './support/errors.js';
import { EPILOGUE } from './support/options.js';
import { softwareVersion } from './support/version.js';

/**
 * Leaves quietly when the reader of standard output has gone (`egunet info scene | head`); says so in one line when it cannot be written.
 * Without a reader of standard error the work goes on, untold.
 */
function heedClosedPipes(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.done);
    process.stderr.write(
      `egunet: standard output cannot be written (${error.message}); the command's files are complete\n`,
    );
    process.exit(EXIT.failed);
  });
}

function parser(args: readonly string[]) {
  return yargs(args)
    .scriptName('egunet')
    .usage(
      '$0 <command>\n\nTrain EGU-Net on a hyperspectral scene, export its abundance head to ONNX, unmix scenes with it.',
    )
    .parserConfiguration({ 'boolean-negation': false })
    .command(info)
    .command(endmembers)
    .command(train)
    .command(exportCommand)
    .command(infer)
    .command(evaluate)
    .command(demo)
    .demandCommand(1, 'which command? See egunet --help')
    .recommendCommands()
    .strict()
    .version(softwareVersion())
    .help()
    .alias('help', 'h')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .epilogue(EPILOGUE)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // yargs gives a message for wrong usage, and only the error where a command failed.
      if (message) throw new UsageError(message.replace(/[;:]?\s*\n\s*/g, ': '), { cause: error });
      throw error;
    });
}

/** Runs one command line and returns its exit code; whatever fails is told on standard error. */
export async function main(args: readonly string[]): Promise<number> {
  heedClosedPipes();
  try {
    await parser(args).parseAsync();
    return EXIT.done;
  } catch (error) {
    const { text, code } = describeFailure(error, args.includes('--verbose'));
    process.stderr.write(`${text}\n`);
    return code;
  }
}
