import type { SceneNames } from '@egunet/infer-node';
import { UsageError } from './errors.js';
import { named, text } from './options.js';

/** A list of scenes in place of their names. */
export const listOption = named(
  text('list', 'File that names the scenes, one a line (# begins a comment), from its own folder'),
);

/** The scenes that are named, as arguments or in a list; none are an empty list. Throws UsageError at both. */
export function sceneNames({
  scene = [],
  list,
}: {
  readonly scene?: readonly string[] | undefined;
  readonly list?: string | undefined;
}): SceneNames {
  if (list !== undefined && scene.length > 0)
    throw new UsageError('scenes are named by --list or as arguments: give one of the two');
  return list === undefined ? scene : { list };
}
