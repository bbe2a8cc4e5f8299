// A divider over the map: abundances on its left, true colour on its right.
import { byId } from './dom.js';

/** The class of the layer that is cut off at the divider: it has a canvas of its own. */
export const SWIPED = 'swiped';

export interface Swipe {
  /** Says whether there are abundances to cut. */
  offer(there: boolean): void;
}

/** Connects the divider and what turns it on. The style sheet cuts the layer, so that nothing is drawn again. */
export function makeSwipe(): Swipe {
  const [stage, divider] = [byId('stage', HTMLElement), byId('divider', HTMLInputElement)];
  const on = byId('swipe', HTMLInputElement);
  const place = () => {
    stage.style.setProperty('--divider', `${divider.value}%`);
    divider.setAttribute('aria-valuetext', `${divider.value} % of the map show abundances`);
  };
  divider.addEventListener('input', place);
  let offered = false;
  const show = () => stage.classList.toggle('swiping', offered && on.checked);
  on.addEventListener('input', show);
  place();
  return {
    offer(there) {
      offered = there;
      show();
    },
  };
}
