// What a person asks to open: by an address, of the server's list, or files.
import { byId, html } from './dom.js';
import { droppedFiles } from './dropped.js';

/** A URL, or files. */
export type Place = string | readonly File[];

export interface Opener {
  /** `reflectanceScale`: what turns stored values into reflectance, where a person says it. */
  scene(place: Place, options: { readonly reflectanceScale?: number }): void;
  model(place: Place): void;
}

type ScaledOpener = { readonly [K in keyof Opener]: (place: Place) => void };

interface Listed {
  readonly name: string;
  readonly url: string;
}

const isModel = (name: string): boolean => /\.onnx$/i.test(name.replace(/[?#].*$/, ''));

/** What the server offers; nothing where it has no list. */
async function fetchList(): Promise<{ readonly scenes: readonly Listed[]; readonly models: readonly Listed[] }> {
  const isListed = (one: Partial<Listed> | null) => typeof one?.name === 'string' && typeof one.url === 'string';
  const listed = (value: unknown): Listed[] => (Array.isArray(value) ? value.filter(isListed) : []);
  try {
    const answer = await fetch('api/list.json');
    if (!answer.ok) return { scenes: [], models: [] };
    const { scenes, models } = await answer.json();
    return { scenes: listed(scenes), models: listed(models) };
  } catch {
    return { scenes: [], models: [] }; // a server of files alone, which may answer anything
  }
}

const absolute = (url: string): string =>
  URL.canParse(url, document.baseURI) ? new URL(url, document.baseURI).href : url;

/** Lets a person choose from a list; `chosen` is open already. */
function connectList(
  select: HTMLSelectElement,
  listed: readonly Listed[],
  how: { chosen: string | undefined; open(url: string): void },
): void {
  if (listed.length === 0) return;
  select.replaceChildren(
    html('option', { value: '' }, 'choose'),
    ...listed.map(({ name, url }) => html('option', { value: url }, name)),
  );
  const same = ({ url }: Listed) => how.chosen !== undefined && absolute(url) === absolute(how.chosen);
  select.value = listed.find(same)?.url ?? '';
  select.closest('label')!.hidden = false;
  select.addEventListener('change', () => select.value && how.open(select.value));
}

function openFiles(files: readonly File[], open: ScaledOpener): void {
  const scene = files.filter(({ name }) => !isModel(name));
  for (const model of files.filter(({ name }) => isModel(name)).slice(0, 1)) open.model([model]);
  if (scene.length > 0) open.scene(scene);
}

/** Files and folders that are dropped anywhere on the page. */
function connectDrop(open: ScaledOpener, fail: (error: unknown) => void): void {
  const shade = byId('drop', HTMLElement);
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files');
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    shade.hidden = false;
  });
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) shade.hidden = true;
  });
  addEventListener('drop', (event) => {
    shade.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer!).then((files) => openFiles(files, open), fail);
  });
}

/** Opens scenes with the scale that a person states; another scale opens the last of them again. */
function withScale(open: Opener): ScaledOpener {
  const scale = byId('scale', HTMLInputElement);
  let last: Place | undefined;
  const scene = (place: Place) => {
    last = place;
    open.scene(place, scale.value.trim() === '' ? {} : { reflectanceScale: Number(scale.value) });
  };
  scale.addEventListener('change', () => last !== undefined && scene(last));
  return { scene, model: open.model };
}

/** Connects the page's controls, and opens what its address names, else what the server has first. `fail` is told of files that cannot be had. */
export async function connectOpening(opener: Opener, fail: (error: unknown) => void): Promise<void> {
  const open = withScale(opener);
  const url = byId('url', HTMLInputElement);
  byId('by-url', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const given = url.value.trim();
    if (isModel(given)) open.model(given);
    else open.scene(given);
  });
  const chooser = byId('files', HTMLInputElement);
  chooser.addEventListener('change', () => openFiles([...(chooser.files ?? [])], open));
  connectDrop(open, fail);
  const { scenes, models } = await fetchList();
  const asked = new URLSearchParams(location.search);
  const scene = asked.get('scene') ?? scenes[0]?.url;
  const model = asked.get('model') ?? models[0]?.url;
  connectList(byId('scenes', HTMLSelectElement), scenes, { chosen: scene, open: open.scene });
  connectList(byId('models', HTMLSelectElement), models, { chosen: model, open: open.model });
  byId('more', HTMLDetailsElement).open = scene === undefined || model === undefined;
  if (scene !== undefined) open.scene(scene);
  if (model !== undefined) open.model(model);
}
