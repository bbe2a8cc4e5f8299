// Gathers what a report of a run shows, from the run and from what it names.
import { join } from 'node:path';
import { openScene, readSpectralLibrary } from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import { type Checkpoint, exportHead, loadRun, type SavedRun } from '@egunet/train';
import { type Control, sceneAccess } from '../../support/control.js';
import { describeScene, sceneFacts } from '../../support/describe-scene.js';
import { CommandError } from '../../support/errors.js';
import { isRun } from '../../support/is-run.js';
import { knownFacts } from '../../support/output.js';
import { isMat } from '../../support/scene-options.js';
import { softwareVersion } from '../../version.js';
import { abundancesOf, type EvaluateResult, evaluateMap } from '../evaluate-map.js';
import type { TrainRequest } from '../run-and-save.js';
import { isOfLibrary } from '../train-on.js';
import { checkRequest } from '../train-run.js';
import { matchedSpectra } from './comparison.js';
import { libraryDetails } from './library-details.js';
import { mapFigures, quicklookOf } from './pictures.js';
import type { RunParts } from './run-report.js';

/** What to show of a run besides itself. */
export interface ReportRequest {
  readonly run: string;
  /** Where the scene of the run lies; where it lay when absent. */
  readonly scene?: string;
  /** A map that the run's model made. */
  readonly map?: string;
  /** Reference abundances of that map, and their materials' spectra. */
  readonly reference?: string;
  readonly referenceEndmembers?: string;
  readonly names?: readonly string[];
}

/** Pixels compared at most. */
const MOST_PIXELS = 250_000;

/** Reads a run and what a report shows besides. Throws TrainError, RasterError or CommandError where the folder is no run, or what is asked for cannot be had. */
export async function collectParts(asked: ReportRequest, control: Control): Promise<RunParts> {
  const { run } = asked;
  if (!(await isRun(run))) throw new CommandError(`${run}: is no run; name the folder that egunet train -o made`);
  const { checkpoint, request: saved } = await loadRun(run);
  const request = checkRequest(saved, checkpoint, join(run, 'manifest.json'));
  const scene = await sceneParts(asked, request, { checkpoint, control });
  const evaluation = await evaluate(asked, scene.place, { checkpoint, control });
  const truth = asked.referenceEndmembers;
  return {
    ...{ run, checkpoint, request, ...scene.parts },
    ...(isOfLibrary(request) && { library: await libraryDetails(request, checkpoint) }),
    ...(await mapsOf(asked, { checkpoint, evaluation, control })),
    ...(evaluation && { evaluation }),
    ...(evaluation &&
      truth !== undefined && {
        spectra: matchedSpectra(checkpoint.facts, evaluation, await readSpectralLibrary(truth)),
      }),
    notices: scene.notices,
  };
}

/** The scene that a run was trained on; none of several is it. */
const sceneOf = (request: TrainRequest): string | undefined => ('scenes' in request ? undefined : request.scene);

/** A scene that can be read. */
interface Place {
  readonly path: string;
  readonly open: TrainRequest['open'];
}

interface Work {
  readonly checkpoint: SavedRun['checkpoint'];
  readonly control: Control;
}

/** The run's scene, where it had one: where it cannot be opened and was not named, the report goes without. */
async function sceneParts(
  { scene: named }: ReportRequest,
  request: TrainRequest,
  { checkpoint, control }: Work,
): Promise<{ parts: Pick<RunParts, 'scene'>; place?: Place; notices: string[] }> {
  const path = named ?? sceneOf(request);
  if (path === undefined) return { parts: {}, notices: [] };
  const { open } = request;
  const isWhole = !('pixels' in request) || request.pixels === undefined;
  try {
    const scene = await openScene(path, open, sceneAccess(control));
    try {
      const { rows, cols } = checkpoint.facts.scene;
      if (isWhole && checkpoint.facts.scene.rows > 0 && (scene.rows !== rows || scene.cols !== cols))
        throw new CommandError(
          `${publicPath(path)}: ${scene.rows} rows x ${scene.cols} columns, but the run's scene has ${rows} x ${cols}`,
        );
      const facts = knownFacts(sceneFacts(describeScene(publicPath(path), scene)));
      const parts = { scene: { ...(await quicklookOf(scene)), facts: { title: 'Scene', header: [], rows: facts } } };
      return { parts, place: { path, open }, notices: [] };
    } finally {
      await scene.close();
    }
  } catch (error) {
    if (named !== undefined || control.signal.aborted) throw error;
    const why = (error as Error).message;
    return { parts: {}, notices: [`The scene is not shown: ${why}. --scene names it where it lies now.`] };
  }
}

/** The map beside the reference, and where the run's scene can be read NNLS with the same endmembers. */
async function evaluate(
  { map, reference, referenceEndmembers, names }: ReportRequest,
  scene: Place | undefined,
  { checkpoint, control }: Work,
): Promise<EvaluateResult | undefined> {
  if (map === undefined || reference === undefined) return undefined;
  const { card } = await exportHead(checkpoint, { softwareVersion: softwareVersion(), created: new Date() });
  return evaluateMap(
    {
      ...{ map, reference, referenceVariable: 'A', endmemberVariable: 'M', maxPixels: MOST_PIXELS },
      ...(names === undefined ? {} : { names }),
      ...(scene && { scene, model: card }),
      ...(scene && referenceEndmembers !== undefined && { referenceEndmembers }),
    },
    control,
  );
}

interface MapWork extends Work {
  readonly evaluation: EvaluateResult | undefined;
}

/** The map's abundances, and the reference's in the same order. */
async function mapsOf(
  { map: path, reference }: ReportRequest,
  { checkpoint, evaluation, control }: MapWork,
): Promise<Pick<RunParts, 'maps' | 'references'>> {
  if (path === undefined) return { maps: [], references: [] };
  const opened = await openScene(path, {}, sceneAccess(control));
  try {
    const map = abundancesOf(opened);
    assertOfRun(map.bands.length, path, checkpoint);
    const names = map.bands.map(({ name }) => name);
    const own = names.map((title, band) => ({ band, title, caption: '' }));
    const matched = evaluation?.materials.map(({ name, endmember }) => ({
      ...{ band: endmember, title: name, caption: names[endmember]! },
    }));
    return {
      maps: await mapFigures(map, matched ?? own),
      references: await referencesOf(reference, { evaluation, control }),
    };
  } finally {
    await opened.close();
  }
}

function assertOfRun(bands: number, path: string, { facts }: Checkpoint): void {
  const count = facts.endmembers.length;
  if (bands !== count)
    throw new CommandError(
      `${path}: has abundances of ${bands} endmembers, but the run has ${count}; name a map that its model made`,
    );
}

/** Of a matrix nothing is drawn. */
async function referencesOf(
  path: string | undefined,
  { evaluation, control }: Pick<MapWork, 'evaluation' | 'control'>,
): Promise<RunParts['references']> {
  if (path === undefined || !evaluation || isMat(path)) return [];
  const truth = await openScene(path, {}, sceneAccess(control));
  try {
    const planes = evaluation.materials.map(({ name }, band) => ({ band, title: name, caption: 'reference' }));
    return await mapFigures(truth, planes);
  } finally {
    await truth.close();
  }
}
