// docs/results.md: an introduction and a section for each scene, so that scenes can be scored one at a time.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const INTRODUCTION = `# Results

Blind: the reference is used for scoring alone; the number of endmembers is given, as in the paper. Each section names the command that prints it.
Endmembers are matched to the reference by spectral angle (Hungarian assignment). ± is the standard deviation over the seeds.
The references of Jasper Ridge and Samson are close to NNLS with brightness-equalised reference spectra: a score measures agreement with that convention, not ground area. How bright endmembers are made is an explicit choice (\`--brightness\`).
The constants of the endmember searches (\`--method refined\`, the default, \`--method subset\` and \`--method kmeans\`), the default brightness and the default learning rate were chosen while looking at these scenes: expect some optimism.
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
