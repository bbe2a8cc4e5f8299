// Abundances as a file that a person saves.
import type { RemoteModel, RemoteScene } from '@egunet/infer-web';
import type { Window } from '@egunet/raster';
import { byId, html } from './dom.js';
import { describeExport, describeSize } from './export-view.js';
import type { Notices } from './notices.js';

/** What may be exported. */
export interface Exportable {
  readonly scene: RemoteScene;
  readonly model: RemoteModel;
  readonly resample: boolean;
  /** The scene's pixels that are seen; undefined where none is. */
  view(): Window | undefined;
}

export interface Exporter {
  /** Offers another thing, or none; ends what is under way of the one before. */
  offer(exportable: Exportable | undefined): void;
}

const box = (id: string) => byId(id, HTMLElement);

/** Leaving the page would end the work: the browser asks. */
const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

/** What is seen of an export under way, until it is ended. */
function showWork(totalPixels: number) {
  const [work, bar, cancel] = [box('export-work'), byId('export-bar', HTMLProgressElement), box('export-cancel')];
  const focused = document.activeElement;
  const start = performance.now();
  const show = (pixels: number) => {
    bar.value = pixels / totalPixels;
    box('export-left').textContent = describeExport({
      pixels,
      totalPixels,
      seconds: (performance.now() - start) / 1000,
    });
  };
  const enable = (idle: boolean) => {
    for (const button of box('export-what').querySelectorAll('button')) button.disabled = !idle;
    work.hidden = idle;
  };
  show(0);
  enable(false);
  cancel.focus(); // whose button is disabled now
  addEventListener('beforeunload', ask);
  return {
    show,
    end(): void {
      const wasOnCancel = document.activeElement === cancel;
      enable(true);
      if (wasOnCancel && focused instanceof HTMLElement) focused.focus();
      removeEventListener('beforeunload', ask);
    },
  };
}

/** Connects the page's controls. */
export function makeExporter(notices: Notices): Exporter {
  let offered: Exportable | undefined;
  let last = new AbortController();
  let url: string | undefined;
  const say = (...what: (Node | string)[]) => box('export-said').replaceChildren(...what);

  /** Saves a file as the browser saves downloads, and once more when its link is followed. */
  function save(file: File): void {
    url = URL.createObjectURL(file);
    const link = html('a', { href: url, download: file.name }, file.name);
    say('Saved with the downloads: ', link, `, ${describeSize(file.size)}`);
    link.click();
  }

  function forget(): void {
    say();
    if (url !== undefined) URL.revokeObjectURL(url);
    url = undefined;
  }

  async function run(what: Exportable, window: Window): Promise<void> {
    const { scene, model, resample } = what;
    forget();
    last.abort(new Error('Stopped, as another export began; nothing was saved.'));
    last = new AbortController();
    const { signal } = last;
    const work = showWork(window.rows * window.cols);
    try {
      const onProgress = ({ pixels }: { readonly pixels: number }) => work.show(pixels);
      const file = await scene.exportMap(model, { window, resample, signal, onProgress });
      if (signal === last.signal) save(file);
    } catch (error) {
      if (signal !== last.signal) return;
      if (signal.aborted) return say((signal.reason as Error).message);
      const again = () => {
        notices.clear();
        if (offered === what) void run(what, window);
      };
      notices.fail(error, { label: 'Export again', run: again });
    } finally {
      if (signal === last.signal) work.end();
    }
  }

  function begin(windowOf: (exportable: Exportable) => Window | undefined): void {
    if (!offered) return;
    const window = windowOf(offered);
    notices.clear();
    if (window) void run(offered, window);
    else say('Nothing of the scene is in view: move the map.');
  }

  box('export-view').addEventListener('click', () => begin(({ view }) => view()));
  box('export-scene').addEventListener('click', () =>
    begin(({ scene: { rows, cols } }) => ({ row: 0, col: 0, rows, cols })),
  );
  box('export-cancel').addEventListener('click', () => last.abort(new Error('Cancelled; nothing was saved.')));
  return {
    offer(exportable) {
      forget();
      last.abort(new Error('Stopped, as something else was opened; nothing was saved.'));
      offered = exportable;
      box('export').hidden = !exportable;
    },
  };
}
