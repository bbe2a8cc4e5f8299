// DLR's and Teledyne's DESIS on the space station: 235 bands in the visible and near infrared.
import { type SensorDefinition, sensorOf } from './definition.js';

const BANDS = 235;
/** nm. */
const [FIRST, STEP, WIDTH] = [401.9, 2.554, 3.5];

export const DESIS: SensorDefinition = sensorOf({
  id: 'desis',
  name: 'DESIS',
  centres: Array.from({ length: BANDS }, (_, b) => Number((FIRST + STEP * b).toFixed(2))),
  widths: Array.from({ length: BANDS }, () => WIDTH),
  badBands: [[755, 770]],
  source:
    'nominal: 235 bands of 2.55 nm sampling and 3.5 nm FWHM from 402 to 1000 nm, Alonso et al. 2019, Data Products, Quality and Validation of the DLR Earth Sensing Imaging Spectrometer (DESIS), Sensors 19(20), 4471, DOI 10.3390/s19204471; products state theirs; the oxygen band is left out',
});
