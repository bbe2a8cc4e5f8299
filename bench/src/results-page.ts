// docs/results.md: an introduction and a section for each scene, so that scenes can be scored one at a time.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const INTRODUCTION = `# Results

Each section names the command that prints it. ± is the standard deviation over the seeds, worst the largest of them.

- **Blind** (a column says yes or no): the reference is used for scoring alone; the number of endmembers is given, as in the paper. What takes the reference's endmembers is not blind: on Jasper Ridge and Samson it is graded against its own recipe.
- **Ours**: M is what egunet finds in the scene; NNLS / sum with it gives the labels that the networks learn, so that "M (ours), NNLS / sum" is the yardstick of the networks: NNLS with the same M.
- **Seeds** (a column counts them): where networks have fewer seeds than NNLS with the same M, the two rows are means over different seeds, and their difference is none of the network's: [schedule-log.md](schedule-log.md) has both over the same seeds. Settings of training are those that the section's command names; epochs, where it names none, make 4,000 steps, and are 200 at most.
- **Matching**: endmembers are matched to the reference by spectral angle (Hungarian assignment), never by abundances.
- **The brightness convention**: the references of Jasper Ridge and Samson are close to NNLS with brightness-equalised reference spectra (each divided by its maximum): a score measures agreement with that convention, not ground area. How bright endmembers are made is an explicit choice (\`--brightness\`), and FCLSU, which must explain shade by dark materials, is graded down by it. References of simulated scenes are exact.
- **Both references of Samson**: publications use two, this one and one of another toolbox. The data at hand holds only this one, whose abundances are NNLS / sum with its own M (difference 0.0004); the other's endmembers are not there, and FCLSU with this reference's M, the "not blind" row, is another map (aRMSE 0.38 from the reference), not that reference. So a figure published against the other reference cannot be compared with those below, nor made here.
- **Optimism**: the constants of the endmember searches, the default brightness and the settings of training were chosen while looking at some of these scenes.
- **Time and memory**: processor seconds of one thread, the search for endmembers included; peak resident memory of the process that reads the scene and does this, after the rows above it with the same endmembers.
`;

/** Writes the introduction and the sections, which begin with `## `: those of scenes not scored now are kept as they stand. */
export function writeResults(path: string, sections: readonly string[]): void {
  const title = (section: string) => section.split('\n', 1)[0]!;
  const page = new Map<string, string>();
  const kept = existsSync(path)
    ? readFileSync(path, 'utf8')
        .split(/^(?=## )/m)
        .slice(1)
    : [];
  for (const section of [...kept, ...sections]) page.set(title(section), section.trimEnd());
  writeFileSync(path, `${INTRODUCTION}\n${[...page.values()].join('\n\n')}\n`);
}
