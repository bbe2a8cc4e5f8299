// Elements of the page.

/** The element of the page with this id, which is of this type. */
export function byId<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} '${id}'`);
}

type Attributes = Readonly<Record<string, string | number>>;

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export const html = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] => fill(document.createElement(name), attributes, children);

export const svg = <K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[K] => fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

/** Gives a select these choices; the values are their numbers. */
export function offer(select: HTMLSelectElement, names: readonly string[], chosen = 0): void {
  select.replaceChildren(...names.map((name, i) => html('option', { value: i }, name)));
  select.value = String(chosen);
}

/** Scrolls the panel until the end of a section is seen. On a phone the page scrolls instead, and the map stays where it is. */
export function showWhole(section: HTMLElement): void {
  const panel = byId('panel', HTMLElement);
  panel.scrollTop = Math.max(panel.scrollTop, section.offsetTop + section.offsetHeight - panel.clientHeight);
}
