// A pixel's facts on the page.
import type { ModelCard } from '@egunet/models/card';
import { type Line, lineChart } from './chart.js';
import { html } from './dom.js';
import type { PixelFacts } from './pixel.js';

/** Abundances as bars with numbers. */
function bars(names: readonly string[], abundances: Float32Array): HTMLElement {
  const rows = names.map((name, c) => {
    const value = abundances[c]!;
    const bar = html('div', { class: 'bar' });
    bar.style.width = `${(100 * value).toFixed(1)}%`;
    return html(
      'tr',
      {},
      html('th', { scope: 'row' }, name),
      html('td', { class: 'track' }, bar),
      html('td', { class: 'number' }, value.toFixed(3)),
    );
  });
  return html('table', { class: 'bars' }, html('caption', {}, 'Abundance'), html('tbody', {}, ...rows));
}

export interface PixelTexts {
  /** Where it is, in words. */
  readonly places: readonly string[];
  /** Of the axis: `wavelength, nm` or `band`. */
  readonly axis: string;
  /** Of the model, where it unmixes the scene. */
  readonly card: ModelCard | undefined;
}

/** Shows a pixel in a box. */
export function showPixel(box: HTMLElement, facts: PixelFacts, { places, axis, card }: PixelTexts): void {
  const { abundances, measured, modelled } = facts;
  const lines: Line[] = [{ name: 'measured', kind: 'measured', points: measured }];
  if (modelled) lines.push({ name: 'mixture of endmembers', kind: 'modelled', points: modelled });
  const names = card?.endmembers.map(({ name }) => name) ?? [];
  const dark = measured.every(([, y]) => Number.isNaN(y));
  box.replaceChildren(
    ...places.map((text) => html('p', { class: 'place' }, text)),
    ...(abundances ? [bars(names, abundances)] : []),
    ...(card && !abundances ? [html('p', {}, "No data here in at least one of the model's bands.")] : []),
    ...(dark
      ? []
      : [
          lineChart(lines, {
            title: `Reflectance over ${axis}: ${lines.map(({ name }) => name).join(', ')}`,
            x: axis,
            y: 'reflectance',
          }),
        ]),
  );
}
