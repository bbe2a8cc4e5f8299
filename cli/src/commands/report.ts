import type { Argv } from 'yargs';
import { UsageError } from '../support/errors.js';
import { nameList, overwrite, text, withCommon } from '../support/options.js';
import { formatFacts, printResult } from '../support/output.js';

export const command = 'report <run>';
export const describe = 'Write the HTML report of a training run';

const DEFAULT_OUTPUT = 'report.html';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder made by egunet train' })
      .usage(
        "$0 report RUN [-o REPORT.html]\n\nOne page that needs nothing else: the command that made the run, its settings, losses and endmembers; of a library its classes with their spread and numbers of spectra, and the constants of the mixtures; the scene in colour; the network beside NNLS on the run's own pixels. With a map its abundances too, with a reference how well they agree. Scenes and libraries are looked for where the run found them; what cannot be read is left out, and the report says so.",
      )
      .option('o', text('o', `Report to write, *.html [default: ${DEFAULT_OUTPUT}]`))
      .option('overwrite', overwrite)
      .option('scene', text('scene', "The run's scene, where it lies elsewhere now"))
      .option('map', text('map', 'Map that the model of the run made'))
      .option(
        'reference',
        text('reference', 'Reference map of abundances (one band a material) or .mat file, for --map', 'r'),
      )
      .option('reference-endmembers', text('reference-endmembers', "Spectral library with the reference's spectra"))
      .option('names', nameList('names', 'Names of the reference materials: tree,water,dirt,road'))
      .group(['o', 'overwrite'], 'Report:')
      .group(['scene', 'map', 'reference', 'reference-endmembers', 'names'], 'What it shows:')
      .example('$0 report run', `into ${DEFAULT_OUTPUT}`)
      .example('$0 report run --map abundances.tif -o abundances.html', 'with a map')
      .example('$0 report run --map a.tif -r truth.tif --reference-endmembers truth.csv', 'with its errors'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

function requestOf(args: Arguments) {
  const { run, scene, map, reference, names, 'reference-endmembers': referenceEndmembers } = args;
  if (reference !== undefined && map === undefined)
    throw new UsageError('--reference is compared with a map; give --map with it');
  for (const name of ['reference-endmembers', 'names'] as const)
    if (args[name] !== undefined && reference === undefined)
      throw new UsageError(`--${name} is about the reference; give --reference with it`);
  return {
    run,
    ...(scene === undefined ? {} : { scene }),
    ...(map === undefined ? {} : { map }),
    ...(reference === undefined ? {} : { reference }),
    ...(referenceEndmembers === undefined ? {} : { referenceEndmembers }),
    ...(names === undefined ? {} : { names }),
  };
}

export async function handler(args: Arguments): Promise<void> {
  const { o: report = DEFAULT_OUTPUT, overwrite: replace, run } = args;
  if (!/\.html?$/i.test(report)) throw new UsageError(`-o: expected a name that ends in .html, got '${report}'`);
  const request = requestOf(args);
  const [{ assertWritable, writeWhole }, { takeControl }] = await Promise.all([
    import('../support/files.js'),
    import('../support/control.js'),
  ]);
  await assertWritable(report, { overwrite: replace });
  const control = takeControl({ verbose: args.verbose, leaves: 'nothing is left behind' });
  try {
    const [{ collectParts }, { runReport }, { renderReport }] = await Promise.all([
      import('../pipeline/report/collect-parts.js'),
      import('../pipeline/report/run-report.js'),
      import('../report/page.js'),
    ]);
    const page = await runReport(await collectParts(request, control));
    control.signal.throwIfAborted();
    await writeWhole(report, renderReport(page));
    const { notice, title, highlights } = page;
    const sections = page.charts.map(({ title: chart }) => chart);
    printResult(
      args.json,
      { report, run, title, notices: notice?.split('\n') ?? [], highlights, charts: sections },
      () =>
        formatFacts([
          ['report', `${report}  <- open this in a browser`],
          ['shows', title],
          ['note', notice],
        ]),
    );
  } finally {
    control.release();
  }
}
