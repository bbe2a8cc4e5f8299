// Coordinate systems as well-known text (OGC 01-009), for formats that have no EPSG code alone.
// Source of the figures: EPSG Geodetic Parameter Dataset.

interface Datum {
  /** Of the geographic system. */
  readonly name: string;
  readonly epsg: number;
  readonly datum: string;
  readonly ellipsoid: string;
  /** EPSG codes of UTM zones: `base` + zone, for zones from..to. */
  readonly zones: readonly {
    readonly base: number;
    readonly south: boolean;
    readonly from: number;
    readonly to: number;
  }[];
}

const GRS80 = 'SPHEROID["GRS 1980",6378137,298.257222101,AUTHORITY["EPSG","7019"]]';

const DATUMS: readonly Datum[] = [
  {
    name: 'WGS 84',
    epsg: 4326,
    datum: '"WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]',
    ellipsoid: 'WGS-84',
    zones: [
      { base: 32600, south: false, from: 1, to: 60 },
      { base: 32700, south: true, from: 1, to: 60 },
    ],
  },
  {
    name: 'ETRS89',
    epsg: 4258,
    datum: `"European_Terrestrial_Reference_System_1989",${GRS80},AUTHORITY["EPSG","6258"]`,
    ellipsoid: 'ETRS-89',
    zones: [{ base: 25800, south: false, from: 28, to: 37 }],
  },
  {
    name: 'NAD83',
    epsg: 4269,
    datum: `"North_American_Datum_1983",${GRS80},AUTHORITY["EPSG","6269"]`,
    ellipsoid: 'North America 1983',
    zones: [{ base: 26900, south: false, from: 1, to: 23 }],
  },
];

/** A coordinate system that is known by its figures. */
export interface KnownCrs {
  readonly wkt: string;
  /** As ENVI's `map info` calls it. */
  readonly datum: string;
  /** Of UTM; absent where coordinates are degrees. */
  readonly utm?: { readonly zone: number; readonly south: boolean };
}

const geographicWkt = ({ name, epsg, datum }: Datum): string =>
  `GEOGCS["${name}",DATUM[${datum}],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","${epsg}"]]`;

const utmWkt = (datum: Datum, { zone, south, epsg }: { zone: number; south: boolean; epsg: number }): string => {
  const parameters = [
    ['latitude_of_origin', 0],
    ['central_meridian', 6 * zone - 183],
    ['scale_factor', 0.9996],
    ['false_easting', 500000],
    ['false_northing', south ? 10000000 : 0],
  ].map(([name, value]) => `PARAMETER["${name}",${value}]`);
  return `PROJCS["${datum.name} / UTM zone ${zone}${south ? 'S' : 'N'}",${geographicWkt(datum)},PROJECTION["Transverse_Mercator"],${parameters},UNIT["metre",1,AUTHORITY["EPSG","9001"]],AXIS["Easting",EAST],AXIS["Northing",NORTH],AUTHORITY["EPSG","${epsg}"]]`;
};

/** The coordinate system of an EPSG code: degrees or UTM on WGS 84, ETRS89 or NAD83; undefined for any other. */
export function knownCrs(epsg: number): KnownCrs | undefined {
  for (const datum of DATUMS) {
    if (epsg === datum.epsg) return { wkt: geographicWkt(datum), datum: datum.ellipsoid };
    for (const { base, south, from, to } of datum.zones) {
      const zone = epsg - base;
      if (zone >= from && zone <= to)
        return { wkt: utmWkt(datum, { zone, south, epsg }), datum: datum.ellipsoid, utm: { zone, south } };
    }
  }
  return undefined;
}
