import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelCard } from '@egunet/models/card';
import { openScene, readSpectralLibrary } from '@egunet/raster/node';
import { DEFAULT_METHOD } from '@egunet/train';
import { renderReport } from '../report/page.js';
import type { Control } from '../support/control.js';
import { assertReplaceable, makeFolder, writeWhole } from '../support/files.js';
import { note, shellCommand } from '../support/output.js';
import { softwareVersion } from '../version.js';
import { buildReport } from './build-report.js';
import type { DataRequest } from './data-request.js';
import { type EvaluateResult, evaluateMap } from './evaluate-map.js';
import { exportModel } from './export-model.js';
import { trainRun } from './train-run.js';
import { unmixScene } from './unmix-scene.js';

/** How large a demo is. */
export interface DemoOptions {
  readonly seed: number;
  /** Pixels a side of the scene. */
  readonly size: number;
  readonly epochs: number;
  readonly threads?: number;
  readonly control: Control;
}

/** What a demo leaves, and how good it is. */
export interface DemoResult {
  readonly files: {
    readonly report: string;
    readonly model: string;
    readonly map: string;
    readonly quicklook: string;
    readonly scene: string;
  };
  readonly evaluation: EvaluateResult;
  readonly timings: readonly (readonly [step: string, seconds: number])[];
}

const MARKER = { file: 'egunet-demo.json', contains: 'egunet demo', what: 'a demo of egunet' } as const;

/** Everything that a demo writes; nothing else in its folder is ever removed. */
const CONTENTS = [
  'scene',
  'run',
  'model.onnx',
  'model.json',
  'abundances.tif',
  'quicklook.png',
  'report.html',
] as const;

async function emptyFolder(folder: string, { seed, size, epochs }: DemoOptions): Promise<void> {
  const hint = 'choose another folder';
  await makeFolder(folder);
  await assertReplaceable(folder, { marker: MARKER, replace: true, hint });
  for (const name of CONTENTS) await rm(join(folder, name), { recursive: true, force: true });
  const marker = { 'made by': 'egunet demo', version: softwareVersion(), seed, size, epochs };
  await writeWhole(join(folder, MARKER.file), `${JSON.stringify(marker, undefined, 2)}\n`);
}

/** Makes a scene with known truth, trains, exports, unmixes, evaluates and reports, all in `folder`. */
export async function runDemo(folder: string, options: DemoOptions): Promise<DemoResult> {
  const { seed, size, epochs, threads, control } = options;
  const { signal } = control;
  const timings: [string, number][] = [];
  let step = 0;
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    note(`\n[${++step}/6] ${name}`);
    const start = performance.now();
    const result = await work();
    timings.push([name, (performance.now() - start) / 1000]);
    return result;
  };
  const { makeEnmapProduct } = await import('@egunet/fixtures');
  await emptyFolder(folder, options);
  const at = (name: string) => join(folder, name);
  const files = {
    report: at('report.html'),
    model: at('model.onnx'),
    map: at('abundances.tif'),
    quicklook: at('quicklook.png'),
  };

  const product = await timed('make a scene', () => makeEnmapProduct(at('scene'), { seed, rows: size, cols: size }));
  const count = product.scene.materials.names.length;
  const request: DataRequest = { scene: product.folder, open: {}, exclude: [], seed, method: DEFAULT_METHOD, count };
  const run = await timed('find endmembers and train', () =>
    trainRun(at('run'), request, {
      saveEvery: 60,
      overwrite: false,
      settings: { seed, epochs },
      control,
      ...(threads === undefined ? {} : { threads }),
    }),
  );
  signal.throwIfAborted();
  const { card } = await timed('export the model', () =>
    exportModel(run.checkpoint, { model: files.model, sidecar: at('model.json') }),
  );
  await timed('unmix the scene', () =>
    unmixScene(
      {
        scene: product.folder,
        model: files.model,
        output: files.map,
        ...(threads === undefined ? {} : { workers: threads }),
      },
      control,
    ),
  );
  const evaluation = await timed('compare with the exact truth', () =>
    evaluateMap(
      {
        map: files.map,
        reference: product.abundances,
        referenceVariable: 'A',
        endmemberVariable: 'M',
        scene: { path: product.folder, open: {} },
        model: files.model,
        referenceEndmembers: product.endmembers,
        maxPixels: 250_000,
      },
      control,
    ),
  );
  const command = shellCommand('egunet', 'demo', '-o', folder, '--seed', seed, '--size', size, '--epochs', epochs);
  const content = { command, card, history: run.checkpoint.history, evaluation, timings };
  await timed('write the report', () => writeReport(files, product, content));
  return { files: { ...files, scene: product.folder }, evaluation, timings };
}

async function writeReport(
  files: { readonly report: string; readonly map: string; readonly quicklook: string },
  product: { readonly folder: string; readonly abundances: string; readonly endmembers: string },
  content: { command: string; card: ModelCard; evaluation: EvaluateResult } & Pick<
    Parameters<typeof buildReport>[0],
    'history' | 'timings'
  >,
): Promise<void> {
  const scenes = await Promise.all([product.folder, files.map, product.abundances].map((path) => openScene(path)));
  const [scene, map, truth] = scenes as [(typeof scenes)[0], (typeof scenes)[0], (typeof scenes)[0]];
  try {
    const { report, quicklook } = await buildReport({
      ...content,
      title: 'egunet demo: a scene unmixed blind',
      lead: 'A synthetic EnMAP-like scene of five materials with exactly known abundances. EGU-Net-pw was trained on it knowing no more of the materials than their number, exported to ONNX, and the scene unmixed with the exported model.',
      scene,
      map,
      truth,
      scenePath: product.folder,
      truthLibrary: await readSpectralLibrary(product.endmembers),
    });
    await writeWhole(files.quicklook, quicklook);
    await writeWhole(files.report, renderReport(report));
  } finally {
    await Promise.all(scenes.map((opened) => opened.close()));
  }
}
