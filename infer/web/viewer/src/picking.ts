// A pixel that a person points at.
import type { RemoteModel } from '@egunet/infer-web';
import { byId, showWhole } from './dom.js';
import type { SceneMap } from './map.js';
import { describePlace, readPixel } from './pixel.js';
import { showPixel } from './pixel-view.js';
import { middleOf, pixelAt, type Shown } from './place.js';

/** What a pixel is read of. */
export interface Subject {
  readonly shown: Shown;
  /** Where it unmixes the scene. */
  readonly model: RemoteModel | undefined;
  readonly resample: boolean;
}

export interface Picker {
  /** Shows the pixel at a coordinate of the map. */
  pick(subject: Subject, at: readonly number[]): Promise<void>;
  /** Shows none. */
  clear(): void;
}

async function textsOf({ shown, model }: Subject, place: { readonly row: number; readonly col: number }) {
  const known = shown.scene.bands.some(({ wavelength }) => wavelength);
  const { ground } = shown;
  const lies = ground ? await describePlace(middleOf(ground.affine, place), ground.epsg) : [];
  return {
    places: [...lies, `row ${place.row + 1}, column ${place.col + 1}`],
    axis: known ? 'wavelength, nm' : 'band',
    card: model?.card,
  };
}

/** What was pointed at last is shown, also where an earlier pixel takes longer. */
export function makePicker(map: SceneMap, fail: (error: unknown) => void): Picker {
  const section = byId('pixel', HTMLElement);
  let last = new AbortController();
  return {
    async pick(subject, at) {
      const { shown, model, resample } = subject;
      const place = pixelAt(shown, at);
      if (!place) return;
      last.abort();
      last = new AbortController();
      const { signal } = last;
      map.mark(middleOf(shown.affine, place));
      try {
        const [facts, texts] = await Promise.all([
          readPixel({ scene: shown.scene, model }, place, { resample, signal }),
          textsOf(subject, place),
        ]);
        if (signal.aborted) return;
        showPixel(byId('pixel-facts', HTMLElement), facts, texts);
        section.hidden = false;
        showWhole(section);
      } catch (error) {
        if (!signal.aborted) fail(error);
      }
    },
    clear() {
      last.abort();
      map.mark();
      section.hidden = true;
    },
  };
}
