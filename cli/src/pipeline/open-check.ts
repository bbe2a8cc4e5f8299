import type { Check, Checks } from '@egunet/models/check';

/** How a scene is opened, as a run keeps it. */
export const openCheck = ({ positive, text, count, oneOf, optional, record }: Checks): Check =>
  record({
    reflectanceScale: optional(positive),
    sensor: optional(text),
    variable: optional(text),
    rows: optional(count),
    cols: optional(count),
    orthorectify: optional(oneOf([true, false])),
  });
