// Figures that others have published for the scenes, as far as the project's sources hold them.

/** A method's figures, as printed: what is missing was not printed, or is not known here. */
export interface Published {
  readonly method: string;
  readonly armse: string;
  readonly asad?: string;
}

/** Published figures of a scene, and what must be known to read them. */
export interface PublishedFigures {
  readonly rows: readonly Published[];
  /** Source, definitions, and what can be compared. */
  readonly note: string;
}

const HONG = 'Hong et al., IEEE TNNLS 2021, doi:10.1109/TNNLS.2021.3082289';

/** By the name that `--scenes` takes. */
export const PUBLISHED: Readonly<Record<string, PublishedFigures>> = {
  jasper: {
    rows: [
      { method: 'FCLSU', armse: '0.1783', asad: '0.1384' },
      { method: 'PCLSU', armse: '0.1673', asad: '0.1548' },
      { method: 'SUnSAL', armse: '0.1649', asad: '0.1530' },
      { method: 'SULoRA', armse: '0.1088', asad: '0.1611' },
      { method: 'ALMM', armse: '0.1015', asad: '0.1334' },
      { method: 'DAEU', armse: '0.1091', asad: '0.1256' },
      { method: 'DAEN', armse: '0.0957', asad: '0.1123' },
      { method: 'CNNAEU', armse: '0.0934', asad: '0.1111' },
      { method: 'EGU-Net-pw', armse: '0.0896 ± 0.0226', asad: '0.1141' },
      { method: 'EGU-Net-ss', armse: '0.0861 ± 0.0211', asad: '0.1085' },
      { method: 'GGCT-Net (not of that paper)', armse: '0.0604' },
    ],
    note: `All blind, and all from ${HONG}: means of 10 runs; aRMSE by its eq. 9, aSAD by its eq. 12 in radians, the number of endmembers given. The image and its reference are the same as here, so aRMSE and aSAD (eq. 12) can be compared, with the brightness convention in mind. Of GGCT-Net, a later publication, only this figure is known here, not its definition.`,
  },
  synthetic: {
    rows: [
      { method: 'FCLSU', armse: '0.0678' },
      { method: 'PCLSU', armse: '0.0433' },
      { method: 'SUnSAL', armse: '0.0405' },
      { method: 'SULoRA', armse: '0.0261' },
      { method: 'ALMM', armse: '0.0247' },
      { method: 'DAEU', armse: '0.0327' },
      { method: 'DAEN', armse: '0.0257' },
      { method: 'CNNAEU', armse: '0.0249' },
      { method: 'EGU-Net-pw', armse: '0.0200 ± 0.0010' },
      { method: 'EGU-Net-ss', armse: '0.0183 ± 0.0007' },
    ],
    note: `All from ${HONG}, means of 10 runs, aRMSE by its eq. 9, there in per cent. Not comparable with the figures below: the paper's image is not published, and this one is rebuilt from its description.`,
  },
};
