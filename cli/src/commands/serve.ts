import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isUrl, publicPath } from '@egunet/raster/url';
import type { Argv } from 'yargs';
import type { Listing } from '../serve/served.js';
import { UsageError } from '../support/errors.js';
import { named, text, wholeNumber, withCommon } from '../support/options.js';
import { note, printResult } from '../support/output.js';
import { modelFile } from '../support/zoo.js';

export const command = 'serve [scene..]';
export const describe = 'Show scenes and models in the browser: a web server for this machine';

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('scene', {
        type: 'string',
        array: true as const,
        describe: 'GeoTIFF, ENVI, MATLAB v5, EMIT or PRISMA files, EnMAP or DESIS folders; models (.onnx), too',
      })
      .usage(
        '$0 serve [SCENE...] [--model MODEL.onnx]\n\nServes what is named, and nothing else, to the browsers of this machine, with the page that unmixes it there, until Ctrl-C. Prints the address to open.',
      )
      .option('model', named(text('model', 'Model made by egunet export, or zoo:NAME (egunet models)', 'm')))
      .option(
        'port',
        wholeNumber('port', {
          describe: 'Port to listen on, 0: any that is free [default: 8321, or the next one that is free]',
          least: 0,
          most: 65_535,
        }),
      )
      .option(
        'host',
        text(
          'host',
          'Address to listen on; with 0.0.0.0 all who reach this machine read what is named [default: 127.0.0.1]',
        ),
      )
      .example('$0 serve scene.tif --model model.onnx', 'then open the address that it prints')
      .example('$0 serve ENMAP01-____L2A-DT0000001049 scene.hdr a.onnx b.onnx', 'several scenes and models')
      .example('$0 serve scene.tif --port 9000 --json', 'the address for a script'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** Where a package's entry point lies; undefined where the package is not installed. */
function entryOf(name: string): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve(name));
  } catch {
    return undefined;
  }
}

/** The viewer's folder, where it is installed and built. */
function pageFolder(): string | undefined {
  const entry = entryOf('@egunet/infer-web');
  const folder = entry && join(dirname(entry), '../viewer/dist');
  return folder && existsSync(join(folder, 'index.html')) ? folder : undefined;
}

/** The folder of onnxruntime-web's modules, where it is installed. */
function runtimeFolder(): string | undefined {
  const entry = entryOf('onnxruntime-web');
  return entry && existsSync(entry) ? dirname(entry) : undefined;
}

const isModel = (path: string): boolean => /\.onnx$/i.test(path);

function namedPaths({ scene = [], model }: Arguments): { scenes: string[]; models: string[] } {
  const url = [...scene, model ?? ''].find(isUrl);
  if (url !== undefined)
    throw new UsageError(`${publicPath(url)} is on a web server already: open it on the page, by its address`);
  return {
    scenes: scene.filter((path) => !isModel(path)),
    models: [...(model === undefined ? [] : [modelFile(model)]), ...scene.filter(isModel)],
  };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;

function tellWhatIsServed({ scenes, models }: Listing): void {
  for (const { name, format, rows, cols, bands, sampleType, files } of scenes) {
    const bytes = megabytes(files.reduce((sum, file) => sum + file.bytes, 0));
    note(`scene ${name}: ${format}, ${rows} rows x ${cols} columns x ${bands} bands, ${sampleType}, ${bytes}`);
  }
  for (const { name, bytes } of models) note(`model ${name}: ${megabytes(bytes)}`);
}

export async function handler(args: Arguments): Promise<void> {
  const [{ isLoopback, startViewer }, { takeControl }] = await Promise.all([
    import('../serve/server.js'),
    import('../support/control.js'),
  ]);
  const [page, runtime] = [pageFolder(), runtimeFolder()];
  const { port, host, verbose, json } = args;
  const paths = namedPaths(args);
  const control = takeControl({ verbose, leaves: 'nothing is served any more' });
  const { signal } = control;
  try {
    const viewer = await startViewer({ ...paths, page, runtime, port, host, onRequest: verbose ? note : undefined });
    try {
      signal.throwIfAborted();
      if (page === undefined) note('egunet: the viewer is not installed: the page is a list of the files');
      if (runtime === undefined) note('egunet: onnxruntime-web is not installed: nothing is below /onnxruntime/');
      tellWhatIsServed(viewer.listing);
      if (!isLoopback(viewer.host))
        note(`egunet: warning: anyone who reaches ${viewer.host} can read the files that are named here`);
      const { url, listing } = viewer;
      printResult(json, { url, host: viewer.host, port: viewer.port, ...listing }, () => url);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      await viewer.close();
    }
  } finally {
    control.release();
  }
}
