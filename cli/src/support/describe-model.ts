import type { ModelCard } from '@egunet/models/card';
import { wavelengthRange } from './bands.js';

const round = (value: number): string => String(Number(value.toPrecision(4)));

function bandsOf({ bands }: ModelCard): string {
  const known = bands.map(({ wavelength }) => ({ wavelength: wavelength ?? undefined }));
  return `${bands.length}, ${wavelengthRange(known) ?? 'without wavelengths: takes only scenes with the same bands and no wavelengths'}`;
}

function trainingOf({ training, data }: ModelCard): string {
  const { epochs, steps, schedule, learningRate, dropRate, weightDecay, seed } = training;
  return [
    `${epochs} epochs, ${steps} steps, Adam with the ${schedule} schedule from ${learningRate}`,
    `drop rate ${dropRate}, weight decay ${weightDecay}, seed ${seed}`,
    `${training.pixels} pixels and ${training.candidates} pseudo-endmembers of ${data.scene} (${data.rows} x ${data.cols})`,
  ].join('\n');
}

/** The lines that a person reads of a model card. */
export function modelFacts(card: ModelCard): [string, string | undefined][] {
  return [
    ['kind', 'pixel-wise: every pixel by itself'],
    ['sensor', card.sensor ?? 'not named'],
    ['bands', bandsOf(card)],
    ['endmembers', `${card.endmembers.length}: ${card.endmembers.map(({ name }) => name).join(', ')}`],
    ['found by', card.training.endmemberMethod],
    ['input', `reflectance x ${round(card.inputScale)}, clipped to [0, 1] (inside the model)`],
    ['network', `${card.network.name}, ${card.network.layers.join('-')}`],
    ['training', trainingOf(card)],
    ['data SHA-256', card.data.sha256],
    ...card.metrics.map(({ name, value, unit, definition }): [string, string] => [
      name,
      `${round(value)}${unit === '1' || unit === '' ? '' : ` ${unit}`}: ${definition}`,
    ]),
    ['made by', `${card.software.name} ${card.software.version}, ${card.created}`],
  ];
}
