// What a shard was asked for, kept beside its tiles: a merge needs no more than the map's name, from whatever folder.
import { resolve } from 'node:path';
import { type Check, createChecks } from '@egunet/models/check';
import { isLayerWord } from '@egunet/raster';
import { isUrl } from '@egunet/raster/url';
import { CommandError } from '../support/errors.js';
import type { UnmixOptions } from './unmix-scene.js';

const VERSION = 1;

const placeOf = (path: string): string => (isUrl(path) ? path : resolve(path));

/** The request as JSON: what decides about the map, with whole paths. */
export function requestOf({
  output: _output,
  overwrite: _overwrite,
  workers: _workers,
  ...options
}: UnmixOptions): object {
  const { scene, model, aoi, masks } = options;
  const places = (names: string | readonly string[]) =>
    typeof names === 'string' ? placeOf(names) : names.map(placeOf);
  return {
    version: VERSION,
    options: {
      ...options,
      scene: typeof scene === 'object' && 'list' in scene ? { list: resolve(scene.list) } : places(scene),
      model: resolve(model),
      ...(aoi !== undefined && { aoi: resolve(aoi) }),
      ...(masks && {
        masks: masks.map((rule) => (isLayerWord(rule.source) ? rule : { ...rule, source: placeOf(rule.source) })),
      }),
    },
  };
}

/** What the request of the shard in `folder` asks for. Throws CommandError where it does not say. */
export function optionsOf(request: unknown, folder: string): Omit<UnmixOptions, 'output' | 'overwrite'> {
  const { is, text, list, optional, record } = createChecks(
    (path, expected, got) =>
      new CommandError(
        `${folder}: ${path} should be ${expected}, got ${got}: the shard was made by another version; unmix it again`,
      ),
  );
  const sceneNames: Check = (value, path) => {
    if (Array.isArray(value)) list(text, 1)(value, path);
    else if (typeof value === 'object') record({ list: text })(value, path);
    else text(value, path);
  };
  record({
    version: is(VERSION),
    options: record({ model: text, scene: sceneNames, masks: optional(list(record({ name: text, source: text }), 0)) }),
  })(request, 'request');
  return (request as { options: Omit<UnmixOptions, 'output' | 'overwrite'> }).options;
}
