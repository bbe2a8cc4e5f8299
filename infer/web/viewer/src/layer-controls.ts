// What a person chooses of the abundances, and the legend.
import type { Choice } from './abundance-layer.js';
import { byId, offer } from './dom.js';
import { MOST_SPREAD, rampImage } from './ramp.js';

export interface LayerControls {
  /** Offers these bands: the first `endmembers` are abundances, all others their spread. */
  offer(names: readonly string[], endmembers: number): void;
  readonly choice: Choice;
  /** From 0 to 1. */
  readonly opacity: number;
}

/** Controls that call `changed` when a person chooses. */
export function makeLayerControls(changed: () => void): LayerControls {
  const select = (id: string) => byId(id, HTMLSelectElement);
  const [mode, endmember] = [select('mode'), select('endmember')];
  const colours = [select('red'), select('green'), select('blue')] as const;
  const opacity = byId('opacity', HTMLInputElement);
  byId('ramp', HTMLElement).style.background = rampImage();
  let endmembers = 0;
  const isSpread = () => mode.value === 'one' && Number(endmember.value) >= endmembers;
  const show = () => {
    const three = mode.value === 'three';
    byId('spread-note', HTMLElement).hidden = !isSpread();
    byId('ramp-top', HTMLElement).textContent = isSpread() ? `≥ ${MOST_SPREAD}` : '1';
    byId('one', HTMLElement).hidden = three;
    byId('three', HTMLElement).hidden = !three;
    byId('ramp-name', HTMLElement).textContent = endmember.selectedOptions[0]?.text ?? '';
  };
  for (const control of [mode, endmember, ...colours, opacity])
    control.addEventListener('input', () => {
      show();
      changed();
    });
  return {
    offer(names, count) {
      endmembers = count;
      offer(endmember, names);
      const abundances = names.slice(0, count);
      for (const [i, colour] of colours.entries()) offer(colour, abundances, Math.min(i, count - 1));
      show();
    },
    get choice(): Choice {
      if (mode.value === 'one')
        return { mode: 'one', band: Number(endmember.value), top: isSpread() ? MOST_SPREAD : 1 };
      const [red, green, blue] = colours.map(({ value }) => Number(value)) as [number, number, number];
      return { mode: 'three', red, green, blue };
    },
    get opacity() {
      return Number(opacity.value) / 100;
    },
  };
}
