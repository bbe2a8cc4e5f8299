// Sensors of few, wide bands.
import { type SensorDefinition, sensorOf } from './definition.js';

/** B1 to B8, B8A, B9, B11, B12: the 12 bands of Level-2A, without cirrus (B10). */
export const SENTINEL_2: SensorDefinition = sensorOf({
  id: 'sentinel-2',
  name: 'Sentinel-2A MSI',
  centres: [442.7, 492.7, 559.8, 664.6, 704.1, 740.5, 782.8, 832.8, 864.7, 945.1, 1613.7, 2202.4],
  widths: [20, 65, 35, 30, 14, 14, 19, 105, 21, 19, 90, 174],
  badBands: [[930, 960]],
  source:
    'ESA, Sentinel-2 Spectral Response Functions (S2-SRF), COPE-GSEG-EOPG-TN-15-0007: central wavelength and bandwidth of S2A; B9 (water vapour) is usually left out',
});

/** Bands 1 to 7 of Collection 2 surface reflectance. */
export const LANDSAT_8: SensorDefinition = sensorOf({
  id: 'landsat-8',
  name: 'Landsat 8 OLI',
  centres: [442.96, 482.04, 561.41, 654.59, 864.67, 1608.86, 2200.73],
  widths: [15.98, 60.04, 57.33, 37.47, 28.25, 84.72, 186.66],
  badBands: [],
  source:
    'Barsi et al. 2014, The Spectral Response of the Landsat-8 Operational Land Imager, Remote Sensing 6(10), 10232-10251, DOI 10.3390/rs61010232: centre and FWHM of bands 1 to 7',
});
