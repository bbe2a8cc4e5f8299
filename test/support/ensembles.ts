// An ensemble that no training has made, and what it should give. Legend: B bands, C endmembers, K members, N pixels.
import { encoderNetwork, initialParameters, initialStatistics } from '@egunet/models';
import { type Checkpoint, createRandom, DEFAULT_MIXTURES, evaluateNetwork, LIBRARY_SETTINGS } from '@egunet/train';

/** The state of a member by its number, that no training has levelled. */
function seededState({ facts }: Checkpoint, member: number): Checkpoint['state'] {
  const network = encoderNetwork(facts.bands.length, facts.endmembers.length);
  const random = createRandom(20 + member);
  const parameters = initialParameters(network, () => random.uniform()).map((v) => v + 0.1 * random.normal());
  const moving = initialStatistics(network).map((v) => v + 0.2 * random.uniform());
  return { parameters, first: parameters, second: parameters, moving };
}

/** Vectors one behind the other. */
const joined = (parts: readonly Float32Array[]): Float32Array => Float32Array.from(parts.flatMap((part) => [...part]));

/** The checkpoint of a library's model with these members. */
function withMembers(checkpoint: Checkpoint, members: readonly number[]): Checkpoint {
  const { facts } = checkpoint;
  const states = members.map((member) => seededState(checkpoint, member));
  const all = (key: keyof Checkpoint['state']) => joined(states.map((state) => state[key]));
  return {
    ...checkpoint,
    settings: { ...LIBRARY_SETTINGS, epochs: 1 },
    state: { parameters: all('parameters'), first: all('first'), second: all('second'), moving: all('moving') },
    library: {
      mixtures: DEFAULT_MIXTURES,
      members: members.length,
      standard: { mean: facts.bands.map(() => 0.3), deviation: facts.bands.map(() => 0.2) },
    },
    facts: {
      ...facts,
      library: {
        files: [{ name: 'library.csv', sha256: '00' }],
        classes: facts.endmembers.map(({ name }) => ({ name, spectra: 1, sources: ['seeded'] })),
        members: members.length,
      },
    },
  };
}

const numbers = (members: number): number[] => Array.from({ length: members }, (_, member) => member);

/** The same bands and endmembers, with an ensemble in the network's place. */
export const asEnsemble = (checkpoint: Checkpoint, members = 3): Checkpoint =>
  withMembers(checkpoint, numbers(members));

/** The mean of the members' abundances and their standard deviation, each by itself through tfjs and in plain loops: [N, C] each. */
export async function ensemblePlainly(
  checkpoint: Checkpoint,
  spectra: Float32Array,
): Promise<{ abundances: Float64Array; spread: Float64Array }> {
  const members = numbers(checkpoint.library!.members);
  const found = await Promise.all(members.map((member) => evaluateNetwork(withMembers(checkpoint, [member]), spectra)));
  const abundances = new Float64Array(found[0]!.length);
  const spread = new Float64Array(found[0]!.length);
  for (let i = 0; i < abundances.length; i++) {
    const values = found.map((one) => one[i]!);
    abundances[i] = values.reduce((sum, value) => sum + value, 0) / members.length;
    const squares = values.reduce((sum, value) => sum + (value - abundances[i]!) ** 2, 0);
    spread[i] = Math.sqrt(squares / members.length);
  }
  return { abundances, spread };
}
