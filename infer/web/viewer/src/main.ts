// The page: opens scenes and models, and shows what comes of them.
import { InferError } from '@egunet/infer';
import { createUnmixer, type ModelPlace, type RemoteModel, type RemoteScene, type WebDevice } from '@egunet/infer-web';
import { makeAttempts } from './attempts.js';
import { byId } from './dom.js';
import { hasWebGl } from './map.js';
import { makeNotices, type Notices } from './notices.js';
import { connectOpening, type Place } from './opening.js';
import { makeSlot } from './slot.js';
import { makeViewer } from './viewer.js';

const box = (id: string) => byId(id, HTMLElement);

/** Where models are to run, by the page's address. */
function askedDevice(): 'auto' | WebDevice {
  const asked = new URLSearchParams(location.search).get('device') ?? 'auto';
  if (asked === 'auto' || asked === 'webgpu' || asked === 'wasm') return asked;
  throw new InferError(`device should be auto, webgpu or wasm, got '${asked}'; correct the page's address`);
}

function describeDevice({ device, threads, adapter }: ModelPlace): string {
  return device === 'webgpu' ? `WebGPU, ${adapter}` : `WebAssembly, ${threads} thread${threads === 1 ? '' : 's'}`;
}

/** The page's line that says where models run, and why no faster; a model whose GPU is lost goes on elsewhere. */
function makeDeviceLine(notices: Notices): (place: ModelPlace) => void {
  let said = '';
  return (place) => {
    const now = describeDevice(place);
    if (now === said) return;
    said = now;
    box('device').textContent = now;
    for (const reason of place.reasons) notices.note(`Slower than it could be: ${reason}`);
  };
}

function start(): void {
  const notices = makeNotices({ alerts: box('alerts'), notes: box('notes') });
  if (!hasWebGl())
    notices.note(
      'No map can be drawn: this browser has no WebGL; turn on hardware acceleration in its settings, or take another.',
    );
  const unmixer = createUnmixer();
  const viewer = makeViewer(notices, makeDeviceLine(notices));
  const models = makeSlot<RemoteModel>((model) => viewer.useModel(model));
  const scenes = makeSlot<RemoteScene>((scene) => viewer.useScene(scene));
  const attempt = makeAttempts(box('opening'), notices);
  const openModel = async (place: Place, signal: AbortSignal) => {
    const device = askedDevice();
    const model = typeof place === 'string' ? place : new Uint8Array(await place[0]!.arrayBuffer());
    return unmixer.openModel(model, { runtime: 'onnxruntime', device, signal });
  };
  void connectOpening(
    {
      scene: (place, options) =>
        attempt(place, () => scenes.open((signal) => unmixer.openScene(place, { ...options, signal }))),
      model: (place) => attempt(place, () => models.open((signal) => openModel(place, signal))),
    },
    notices.fail,
  );
}

start();
