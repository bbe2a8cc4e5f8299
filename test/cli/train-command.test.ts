// The command line that a report tells of a run.
import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS, type FitSettings, LIBRARY_SETTINGS } from '@egunet/train';
import * as train from 'egunet/dist/commands/train.js';
import type { DataRequest, ScenesRequest } from 'egunet/dist/pipeline/data-request.js';
import type { LibraryRequest } from 'egunet/dist/pipeline/library/request.js';
import { trainCommand } from 'egunet/dist/pipeline/train-command.js';
import { excludeAllBut, splitExcluded } from 'egunet/dist/support/bands.js';
import { checkArguments } from 'egunet/dist/support/check-arguments.js';
import { type Command, outlineOf } from 'egunet/dist/support/outline.js';

const OF_SCENE: DataRequest = { scene: '/data/a b.img', open: {}, exclude: [], seed: 1, method: 'agreed' };
const SETTINGS = { ...DEFAULT_SETTINGS, epochs: 60, batch: 512, candidateBatch: 512 };
const OF_LIBRARY: LibraryRequest = {
  ...{ kind: 'library', libraries: ['/x/a.sli'], classes: ['/x/a.csv'], open: {}, exclude: [], seed: 1 },
  ...{ mixtures: {}, members: 1, sensor: 'enmap' },
};

/** The words behind `egunet train`, which the command knows. */
function wordsOf(line: string): string {
  const words = line.split(' ').slice(2);
  checkArguments(words, outlineOf(train as Command)); // throws at an option that there is not
  return words.join(' ');
}

describe('the command of a run', () => {
  it('names what differs from the defaults, and the epochs, which follow from the data else', () => {
    assert.equal(trainCommand('/runs/one', OF_SCENE, SETTINGS), "egunet train 'a b.img' --epochs 60 -o one");
    assert.equal(
      wordsOf(trainCommand('one', OF_LIBRARY, LIBRARY_SETTINGS)),
      '--library a.sli --classes a.csv --sensor enmap -o one',
    );
  });

  it('tells the scenes of a pool, the pixels that were taken and the sensor', () => {
    const { scene: _, ...rest } = OF_SCENE;
    const request: ScenesRequest = {
      ...{ ...rest, kind: 'scenes', scenes: ['/a/one.tif', 'https://host/two.tif?key=secret'] },
      open: { sensor: '/x/mine.json' },
      pixels: {
        bbox: { bounds: [1, 2, 3, 4], epsg: 4326 },
        aoi: '/x/park.geojson',
        masks: ['cloud', '/x/mask.tif==1'],
      },
    };
    assert.equal(
      wordsOf(trainCommand('one', request, SETTINGS)),
      'one.tif https://host/two.tif --sensor mine.json --bbox 1,2,3,4 --bbox-crs EPSG:4326 --aoi park.geojson --mask cloud,mask.tif==1 --epochs 60 -o one',
    );
  });

  it('tells every option of a run of a scene', () => {
    const request: DataRequest = {
      ...{
        ...OF_SCENE,
        scene: '/data/a.mat',
        count: 4,
        brightness: 'absolute',
        library: '/x/l.csv',
        libraryScale: 0.01,
      },
      ...{ maxPixels: 9, maxBlocks: 8, seed: 3, engine: 'onnx-webgpu' },
      open: { reflectanceScale: 1e-4, variable: 'Y', rows: 5, cols: 6, orthorectify: false },
      exclude: [...excludeAllBut([[400, 2400]]), [1340, 1460]],
    };
    const settings: FitSettings = {
      ...{ ...SETTINGS, model: 'ss', schedule: 'released', dropRate: 0.2, learningRate: 0.1 },
      ...{ weightDecay: 0.005, batch: 100, candidateBatch: 50 },
    };
    assert.equal(
      wordsOf(trainCommand('one', request, settings)),
      'a.mat -n 4 --brightness absolute --library l.csv --library-scale 0.01 --bands 400-2400 --reflectance-scale 0.0001 --variable Y --rows 5 --cols 6 --no-orthorectify --exclude 1340-1460 --max-pixels 9 --max-blocks 8 --seed 3 --model ss --epochs 60 --schedule released --drop-rate 0.2 --learning-rate 0.1 --weight-decay 0.005 --batch 100 --candidate-batch 50 --device webgpu -o one',
    );
    const counted: DataRequest = { ...OF_SCENE, scene: 'a.tif', countBy: 'residual', engine: 'tensorflow-gpu' };
    const paper = { ...SETTINGS, model: 'ss-paper', batch: 3, candidateBatch: 3, learningRate: 0.01, weightDecay: 0.005 } as const; // biome-ignore format: one line says more
    assert.equal(
      wordsOf(trainCommand('one', counted, paper)),
      'a.tif --count-by residual --model ss-paper --epochs 60 --engine tensorflow -o one',
    );
  });

  it('tells every option of a run of libraries', () => {
    const request: LibraryRequest = {
      ...{ ...OF_LIBRARY, libraries: ['/x/a.sli', '/y/b.csv'], classes: ['kind'], libraryScale: 0.01, noise: 0.01 },
      ...{ classColumn: 'c', sourceColumn: 's', members: 5, seed: 2, sensor: '/defs/own.json' },
      classNames: [
        ['veg', 'green'],
        ['soil', 'soil'],
      ],
      mixtures: { classShares: [0.5, 0.5], pairShare: 0.2, componentBrightness: 0.1, brightness: 0, smoothError: 0.01 },
    };
    const settings = { ...LIBRARY_SETTINGS, epochs: 20, batch: 64, learningRate: 0.002, weightDecay: 0.001 };
    assert.equal(
      wordsOf(trainCommand('one', request, settings)),
      '--library a.sli,b.csv --classes kind --class-column c --source-column s --class-names veg=green,soil --library-scale 0.01 --sensor own.json --seed 2 --noise 0.01 --class-shares 0.5,0.5 --pair-share 0.2 --component-brightness 0.1 --mixture-brightness 0 --smooth-error 0.01 --ensemble 5 --steps 20 --learning-rate 0.002 --weight-decay 0.001 --batch 64 -o one',
    );
  });

  it('tells the bands that are used as they were given', () => {
    const given: [number, number][][] = [[], [[0, 900]], [[400, 1300.5], [1500, 1700]], [[500, 600], [550, 800]]]; // biome-ignore format: one line says more
    for (const only of given) {
      const excluded = [...(only.length > 0 ? excludeAllBut(only) : []), [1340, 1460] as const];
      const split = splitExcluded(excluded);
      assert.deepEqual(split.rest, [[1340, 1460]]);
      assert.deepEqual(split.only.length > 0 ? [...excludeAllBut(split.only), ...split.rest] : split.rest, excluded);
    }
    assert.deepEqual(splitExcluded(excludeAllBut([[400, 1300.5], [1500, 1700]])).only, [[400, 1300.5], [1500, 1700]]); // biome-ignore format: one line says more
    assert.deepEqual(splitExcluded(excludeAllBut([[500, 600], [550, 800]])).only, [[500, 800]]); // biome-ignore format: one line says more
  });

  it('keeps what is secret in a URL to itself', () => {
    const request = { ...OF_SCENE, scene: 'https://me:pw@host/scene.tif?key=1' };
    assert.equal(trainCommand('one', request, SETTINGS), 'egunet train https://host/scene.tif --epochs 60 -o one');
  });
});
