import type { CardAbout, CardLibrary } from '@egunet/models/card';

type Facts = [string, string | undefined][];

/** Text of a card that nothing has checked. */
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const filesOf = (files: readonly { readonly name: string; readonly sha256: string }[]): string =>
  files.map(({ name, sha256 }) => `${name} (SHA-256 ${sha256.slice(0, 16)}...)`).join('\n');

/** `pairShare 0.5, ...`, and the noise. */
function mixtureWords({ mixtures = {}, noise }: CardAbout): string | undefined {
  const constants = Object.entries(mixtures).map(([name, value]) => `${name} ${[value].flat().join('/')}`);
  if (typeof noise === 'number') constants.push(`noise ${noise}`);
  return constants.length > 0 ? constants.join(', ') : undefined;
}

/** What a card says about how a library's model came about; of a damaged one what can be read. */
function aboutFacts(about: CardAbout): Facts {
  const { tables } = about;
  const isTable = (one: unknown) => textOf((one as { name?: unknown }).name) && textOf((one as { sha256?: unknown }).sha256); // biome-ignore format: one line
  return [
    ['class tables', Array.isArray(tables) && tables.length > 0 && tables.every(isTable) ? filesOf(tables) : undefined],
    ['mixtures', mixtureWords(about)],
    ['command', textOf(about.command)],
    ['licence', textOf(about.licence)],
    ['limits', textOf(about.limits)],
  ];
}

/** A library's files, its classes with the sources that count equally in each, and how the model was made of it. */
export function trainingLibraryFacts({ files, classes, members, about }: CardLibrary): Facts {
  return [
    ['library', files.map(({ name, sha256 }) => `${name} (SHA-256 of its spectra ${sha256.slice(0, 16)}...)`).join('\n')], // biome-ignore format: one line
    [
      'classes',
      classes
        .map(
          ({ name, spectra, sources }) =>
            `${name}: ${spectra} ${spectra === 1 ? 'spectrum' : 'spectra'}, ${sources.length} ${sources.length === 1 ? 'source' : 'sources'} (${sources.join(', ')})`,
        )
        .join('\n'),
    ],
    ['ensemble', members > 1 ? `mean of ${members} encoders; spread: their standard deviation, how far they disagree, no error bar` : undefined], // biome-ignore format: one line
    ...(about ? aboutFacts(about) : []),
  ];
}
