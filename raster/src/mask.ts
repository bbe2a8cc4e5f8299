// Masks: rasters on a scene's grid that say which of its pixels to leave out. Legend: N pixels of a window.
import { refuse } from './refuse.js';
import type { Georeference, Scene, Window } from './scene.js';
import { publicPath } from './url.js';

const TESTS = {
  '>=': (value: number, limit: number) => value >= limit,
  '<=': (value: number, limit: number) => value <= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
  '>': (value: number, limit: number) => value > limit,
  '<': (value: number, limit: number) => value < limit,
} as const;

/** A mask raster, and which of its stored values leave a pixel out. */
export interface MaskRule {
  /** As the user wrote it, without the secrets of a URL. */
  readonly name: string;
  /** A word for a quality layer of the scene's product, else the path of a raster. */
  readonly source: string;
  /** Absent: the word's own test, else every value but 0. */
  readonly operator?: keyof typeof TESTS;
  readonly limit?: number;
}

/** A quality layer and the values of it that a word means. */
interface Meaning {
  readonly layer: string;
  readonly operator?: keyof typeof TESTS;
  readonly limit?: number;
}

/** EnMAP L2A: flags 0 and 1; CIRRUS 0 (none) to 3 (thick); CLASSES 1 land, 2 water, 3 background. */
const WORDS: Readonly<Record<string, Meaning>> = {
  cloud: { layer: 'CLOUD' },
  shadow: { layer: 'CLOUDSHADOW' },
  cloudshadow: { layer: 'CLOUDSHADOW' },
  cirrus: { layer: 'CIRRUS' },
  haze: { layer: 'HAZE' },
  snow: { layer: 'SNOW' },
  classes: { layer: 'CLASSES' },
  land: { layer: 'CLASSES', operator: '==', limit: 1 },
  water: { layer: 'CLASSES', operator: '==', limit: 2 },
};

/** True for a word that means a quality layer, whatever files there are. */
export const isLayerWord = (source: string): boolean => Object.hasOwn(WORDS, source.toLowerCase());

/** Reads `cloud`, `cirrus>=2`, `mask.tif`, `mask.tif==255`. */
export function parseMaskRule(text: string): MaskRule {
  const whole = text.trim();
  const [, source = whole, operator, limit] = /^(.*?)\s*(>=|<=|==|!=|>|<)\s*(-?\d+(?:\.\d+)?)$/.exec(whole) ?? [];
  return {
    name: `${publicPath(source)}${whole.slice(source.length)}`,
    source,
    ...(operator !== undefined && { operator: operator as keyof typeof TESTS, limit: Number(limit) }),
  };
}

/** What of a scene its masks are compared with and taken from. */
export type MaskedScene = Pick<Scene, 'name' | 'format' | 'rows' | 'cols' | 'georeference' | 'qualityLayers'>;

/** An opened mask. Close it when done. */
export interface SceneMask {
  readonly name: string;
  /** [N], 1 where it leaves a pixel of the window out. */
  leavesOut(window: Window): Promise<Uint8Array>;
  close(): Promise<void>;
}

const shown = (scene: Pick<Scene, 'rows' | 'cols' | 'georeference'>): string => {
  const { affine, epsg } = scene.georeference ?? {};
  const place = affine
    ? `, ${epsg === undefined ? 'no EPSG code' : `EPSG:${epsg}`}, affine [${affine.join(', ')}]`
    : '';
  return `${scene.rows} rows x ${scene.cols} columns${place}`;
};

/** Whether two affines place all corners of a grid within a hundredth of a pixel. */
function isSamePlace(a: Georeference, b: Georeference, { rows, cols }: Pick<Scene, 'rows' | 'cols'>): boolean {
  if (a.epsg !== undefined && b.epsg !== undefined && a.epsg !== b.epsg) return false;
  const [p, q] = [a.affine, b.affine];
  const size = Math.sqrt(Math.abs(p[0] * p[4] - p[1] * p[3]));
  const corners = [0, cols].flatMap((col) => [0, rows].map((row) => [col, row] as const));
  const off = (i: 0 | 3, col: number, row: number) =>
    Math.abs((p[i] - q[i]) * col + (p[i + 1]! - q[i + 1]!) * row + p[i + 2]! - q[i + 2]!);
  return corners.every(([col, row]) => off(0, col, row) <= 0.01 * size && off(3, col, row) <= 0.01 * size);
}

/** Throws unless the mask has one band and lies on the scene's grid; where one of them has no georeference, the size must do. */
function assertSameGrid(mask: Scene, scene: MaskedScene): void {
  if (mask.bands.length !== 1)
    refuse(
      mask.name,
      `a mask should have one band, got ${mask.bands.length}; take one out with gdal_translate -b 1 IN OUT`,
    );
  const [a, b] = [mask.georeference, scene.georeference];
  if (mask.rows === scene.rows && mask.cols === scene.cols && (!a || !b || isSamePlace(a, b, scene))) return;
  const { epsg } = b ?? {};
  const target = epsg === undefined ? '' : ` -t_srs EPSG:${epsg}`;
  refuse(
    mask.name,
    `a mask should lie on the grid of ${scene.name} (${shown(scene)}), got ${shown(mask)}; bring it there with gdalwarp -r near${target}${extentOf(scene)} -ts ${scene.cols} ${scene.rows} IN OUT`,
  );
}

/** `-te` of an upright grid, in the words of gdalwarp. */
function extentOf({ georeference, rows, cols }: MaskedScene): string {
  if (!georeference) return '';
  const [a, b, c, d, e, f] = georeference.affine;
  return b === 0 && d === 0 && a > 0 && e < 0 ? ` -te ${c} ${f + e * rows} ${c + a * cols} ${f}` : '';
}

/** Opens the quality layer that a word means. */
function openLayer(scene: MaskedScene, { layer }: Meaning, name: string): Promise<Scene> {
  const layers = scene.qualityLayers ?? [];
  const found = layers.find((one) => one.name === layer);
  if (found) return found.open();
  const has = layers.map((one) => one.name).join(', ');
  return refuse(
    scene.name,
    `has no quality layer ${layer} for the mask '${name}', ${has ? `only ${has}` : `nor any other: ${scene.format}`}; leave that mask out, or give a mask raster on the scene's grid`,
  );
}

/** Opens a raster; where its name could be a word misspelt, the error lists them. */
async function openFile(scene: MaskedScene, { name, source }: MaskRule, open: (path: string) => Promise<Scene>) {
  try {
    return await open(source);
  } catch (cause) {
    if (!/^[a-z]*$/i.test(source)) throw cause;
    const layers = scene.qualityLayers?.map((layer) => layer.name).join(', ') || 'none';
    return refuse(
      scene.name,
      `no mask '${name}': a mask is ${Object.keys(WORDS).join(', ')} (quality layers found: ${layers}) or the path of a raster`,
      cause,
    );
  }
}

/**
 * Opens a mask of a scene and checks that it lies on the scene's grid. `open` opens a raster by its path. Rejects with RasterError where the product lacks the
 * layer, or the raster has several bands or another grid.
 */
export async function openMask(
  scene: MaskedScene,
  rule: MaskRule,
  open: (path: string) => Promise<Scene>,
): Promise<SceneMask> {
  const meaning = isLayerWord(rule.source) ? WORDS[rule.source.toLowerCase()] : undefined;
  if (meaning?.operator && rule.operator)
    refuse(
      scene.name,
      `the mask '${rule.name}' compares what is a class already (${meaning.layer} ${meaning.operator} ${meaning.limit}); write 'classes${rule.operator}${rule.limit}', or '${rule.source}' alone`,
    );
  const mask = await (meaning ? openLayer(scene, meaning, rule.name) : openFile(scene, rule, open));
  try {
    assertSameGrid(mask, scene);
  } catch (error) {
    await mask.close();
    throw error;
  }
  const { operator = '!=', limit = 0 } = rule.operator ? rule : (meaning ?? {});
  const test = TESTS[operator];
  return {
    name: rule.name,
    async leavesOut(window) {
      const { data } = await mask.readWindow(window, [0]);
      const out = new Uint8Array(data.length); // [N]
      for (let i = 0; i < out.length; i++) out[i] = test(data[i]!, limit) ? 1 : 0;
      return out;
    },
    close: () => mask.close(),
  };
}
