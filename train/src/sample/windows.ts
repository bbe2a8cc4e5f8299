// How a scene is walked: each pixel once, in windows that read fast and fit in memory.

/** A rectangle of pixels, as in `raster`. */
export interface SampleWindow {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
}

/** Size and preferred block of a scene. */
export interface SceneShape {
  readonly rows: number;
  readonly cols: number;
  /** The window shape that reads fastest: a tile, a strip, a line. */
  readonly block: { readonly rows: number; readonly cols: number };
}

/** A scene of at most this many values is read at once, and small blocks are joined up to it: 64 MB of spectra. */
const JOINED_VALUES = 2 ** 24;
/** A block of more values is cut, though each part may cost the decoding of the whole: 256 MB of spectra. */
const MOST_VALUES = 2 ** 26;
/** Strips and small tiles are joined to windows of about this many pixels a side. */
const JOINED_SIDE = 128;

/** Windows that cover the scene, row by row; `bands` values are read a pixel, blocks are joined up to `joined` values. */
export function sceneWindows(scene: SceneShape, bands: number, joined = JOINED_VALUES): SampleWindow[] {
  const { rows, cols } = scene;
  const shape = rows * cols * bands <= joined ? { rows, cols } : windowShape(scene, bands, joined);
  const windows: SampleWindow[] = [];
  for (let row = 0; row < rows; row += shape.rows)
    for (let col = 0; col < cols; col += shape.cols)
      windows.push({ row, col, rows: Math.min(shape.rows, rows - row), cols: Math.min(shape.cols, cols - col) });
  return windows;
}

function windowShape({ rows, cols, block }: SceneShape, bands: number, joined: number): { rows: number; cols: number } {
  const width = Math.min(cols, block.cols * Math.ceil(JOINED_SIDE / block.cols));
  const height = Math.min(rows, block.rows * Math.ceil(JOINED_SIDE / block.rows));
  if (width * height * bands <= joined) return { rows: height, cols: width };
  // Not that many: whole blocks as far as they fit, else parts of one.
  const narrow = Math.min(cols, block.cols, Math.max(1, Math.floor(MOST_VALUES / bands)));
  const rowsWithin = (values: number) => Math.floor(values / (narrow * bands));
  const blocks = Math.floor(rowsWithin(joined) / block.rows);
  const tall = blocks > 0 ? blocks * block.rows : Math.min(block.rows, Math.max(1, rowsWithin(MOST_VALUES)));
  return { rows: Math.min(height, tall), cols: narrow };
}
