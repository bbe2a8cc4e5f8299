// The layer of abundances. Legend: C endmembers, bands 1 to C of its tiles; band C + 1 says where there is data.
import TileLayer from 'ol/layer/WebGLTile.js';
import type DataTile from 'ol/source/DataTile.js';
import { type LostTiles, watchLostTiles } from './lost-tiles.js';
import { rampStops } from './ramp.js';
import { SWIPED } from './swipe.js';

/** What of the abundances is shown: one endmember, or three as colours; endmembers by their number from 0. */
export type Choice =
  | { readonly mode: 'one'; readonly endmember: number }
  | { readonly mode: 'three'; readonly red: number; readonly green: number; readonly blue: number };

/** A choice as the style has it: bands count from 1. */
const variablesOf = (choice: Choice) =>
  choice.mode === 'one'
    ? { three: 0, one: choice.endmember + 1, red: 1, green: 1, blue: 1 }
    : { three: 1, one: 1, red: choice.red + 1, green: choice.green + 1, blue: choice.blue + 1 };

export interface AbundanceLayer {
  readonly layer: TileLayer;
  readonly lost: LostTiles;
  show(choice: Choice): void;
}

/** A layer of C endmembers. What is shown changes without unmixing anything again. */
export function makeAbundanceLayer(source: DataTile, C: number, choice: Choice): AbundanceLayer {
  const valid = ['band', C + 1];
  const band = (name: string) => ['band', ['var', name]];
  const layer = new TileLayer({
    className: `ol-layer ${SWIPED}`,
    source,
    style: {
      variables: variablesOf(choice),
      color: [
        'case',
        ...[
          ['==', valid, 0],
          [0, 0, 0, 0],
        ],
        ...[
          ['==', ['var', 'three'], 1],
          ['array', band('red'), band('green'), band('blue'), valid],
        ],
        ['interpolate', ['linear'], band('one'), ...rampStops()],
      ],
    },
  });
  return { layer, lost: watchLostTiles(source), show: (next) => layer.updateStyleVariables(variablesOf(next)) };
}
