import type { Section } from '../board.ts';
import { inRange, series } from '../influxql.ts';
import { colours, fixedColour, lines } from '../panels.ts';

const figures = [
  {
    field: 'size_px',
    title: 'Face size',
    unit: 'pixel',
    axis: 'shorter side of the box',
    description:
      'Shorter side of the face that decided; the median and the lowest of each interval. It sinks when people stand farther away.',
  },
  {
    field: 'sharpness',
    title: 'Sharpness',
    unit: 'none',
    axis: 'variance of the Laplacian',
    description:
      'Of the face that decided; higher is sharper. It sinks with a dirty lens, a lens out of focus, or long exposure in dim light.',
  },
  {
    field: 'brightness',
    title: 'Brightness',
    unit: 'none',
    axis: 'mean grey level, 0 to 255',
    description:
      'Mean grey level of the face that decided, 0 to 255. Far from the middle: light from behind, or too little of it.',
  },
] as const;

export const faces: Section = {
  title: 'Faces',
  panels: figures.map(({ field, title, unit, axis, description }) =>
    lines({ title, description, unit, width: 8, height: 7 }, axis)
      .min(0)
      .decimals(0)
      .interval('15m')
      .withTarget(
        series(
          `SELECT median("${field}") AS "median", min("${field}") AS "lowest" FROM "checkin" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
          '[[col]]',
        ),
      )
      .overrideByName('median', [fixedColour(colours.plain)])
      .overrideByName('lowest', [fixedColour(colours.quiet)]),
  ),
};
