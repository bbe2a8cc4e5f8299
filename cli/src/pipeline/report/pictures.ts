// Pictures of scenes and maps, as reports show them.
import type { Scene } from '@egunet/raster';
import type { Figure, Report } from '../../report/page.js';
import { colourBands, colourPng, mapPng, readPicture } from '../../report/picture.js';
import { scaleBar } from '../../report/scale-bar.js';
import { pixelSize } from '../../support/ground.js';

/** A scene in colour, with a scale bar where its pixels are measured in metres. */
export async function quicklookOf(scene: Scene): Promise<{ quicklook: Figure } & Pick<Report, 'scaleBar'>> {
  const { bands, caption } = colourBands(scene);
  const png = colourPng(await readPicture(scene, bands));
  const quicklook = { title: 'Quicklook', png, caption: `${caption}, each stretched from its 2 % to its 98 % point` };
  const metres = pixelSize(scene.georeference);
  return { quicklook, ...(metres === undefined ? {} : { scaleBar: scaleBar(metres * scene.cols) }) };
}

const meanOf = (plane: Float32Array): number => {
  const values = plane.filter((value) => !Number.isNaN(value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

/** A band of a map, and what stands above and below it. */
export interface MapPlane {
  readonly band: number;
  readonly title: string;
  /** Whose it is; its mean is added. */
  readonly caption: string;
}

/** Bands of a map of abundances, drawn with the ramp. */
export async function mapFigures(map: Scene, planes: readonly MapPlane[]): Promise<Figure[]> {
  const picture = await readPicture(
    map,
    planes.map(({ band }) => band),
  );
  return planes.map(({ title, caption }, i) => ({
    title,
    png: mapPng(picture, i),
    caption: `${caption}${caption === '' ? '' : ', '}mean ${meanOf(picture.planes[i]!).toFixed(3)}`,
  }));
}
