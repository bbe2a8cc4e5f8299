// The page: opens scenes and models, and shows what comes of them.
import { InferError } from '@egunet/infer';
import { createUnmixer, type RemoteModel, type RemoteScene } from '@egunet/infer-web';
import { byId } from './dom.js';
import { makeNotices } from './notices.js';
import { connectOpening, type Place } from './opening.js';
import { makeSlot } from './slot.js';
import { makeViewer } from './viewer.js';

const [box, device] = [(id: string) => byId(id, HTMLElement), byId('device', HTMLElement)];

function start(): void {
  const notices = makeNotices({ alerts: box('alerts'), notes: box('notes') });
  const unmixer = createUnmixer();
  const viewer = makeViewer(notices);
  const models = makeSlot<RemoteModel>((model) => {
    const { place } = model;
    const threads = `${place.threads} thread${place.threads === 1 ? '' : 's'}`;
    device.textContent = place.device === 'webgpu' ? `WebGPU, ${place.adapter}` : `WebAssembly, ${threads}`;
    for (const reason of place.reasons) notices.note(`Slower than it could be: ${reason}`);
    viewer.useModel(model);
  });
  const scenes = makeSlot<RemoteScene>((scene) => viewer.useScene(scene));

  const opening = new Set<string>();
  const attempt = async (place: Place, open: () => Promise<void>) => {
    const name = typeof place === 'string' ? place.replace(/[?#].*$/, '').replace(/^.*\//, '') : place[0]!.name;
    const say = () => {
      box('opening').textContent = [...opening].map((one) => `Opening ${one} …`).join(' ');
    };
    notices.clear();
    opening.add(name);
    say();
    try {
      await open();
    } catch (error) {
      notices.fail(error);
    } finally {
      opening.delete(name);
      say();
    }
  };
  const deviceAsked = new URLSearchParams(location.search).get('device') ?? 'auto';
  void connectOpening({
    scene: (place, options) =>
      void attempt(place, () => scenes.open((signal) => unmixer.openScene(place, { ...options, signal }))),
    model: (place) =>
      void attempt(place, () =>
        models.open(async (signal) => {
          if (deviceAsked !== 'auto' && deviceAsked !== 'webgpu' && deviceAsked !== 'wasm')
            throw new InferError(
              `device should be auto, webgpu or wasm, got '${deviceAsked}'; correct the page's address`,
            );
          const model = typeof place === 'string' ? place : new Uint8Array(await place[0]!.arrayBuffer());
          return unmixer.openModel(model, { runtime: 'onnxruntime', device: deviceAsked, signal });
        }),
      ),
  });
}

start();
