import type { JSX } from 'preact';

/** The signs of the pages, as strokes on a square of 24. They say nothing to a screen reader: a word stands beside each. */
const paths = {
  check: 'M4.5 12.5l5 5 10-11',
  again: 'M20 12a8 8 0 1 1-2.500-5.800M20 4v4.500h-4.500',
  refused: 'M12 7.500v6M12 17v.01M12 3l9 9-9 9-9-9z',
  face: 'M4 8V5.500A1.500 1.500 0 0 1 5.500 4H8M16 4h2.500A1.500 1.500 0 0 1 20 5.500V8M20 16v2.500a1.500 1.500 0 0 1-1.500 1.500H16M8 20H5.500A1.500 1.500 0 0 1 4 18.500V16M9 10v.5M15 10v.5M8.800 14.800c1.800 1.600 4.600 1.600 6.400 0',
  wait: 'M12 7v5.200l3.200 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18',
  offline:
    'M4 4l16 16M8.500 16.500a5 5 0 0 1 5.600-1M5.500 13a9.500 9.500 0 0 1 4.300-2.500M14.500 10.600A9.500 9.500 0 0 1 18.500 13M2.500 9.500A14 14 0 0 1 6.500 6.900M10.500 5.600A14 14 0 0 1 21.500 9.500M12 19.500v.01',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  expand: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.500 20.500c.8-4 3.800-6 7.500-6s6.700 2 7.500 6',
  photo: 'M4 6.500h16v12H4zM4 16l4.500-4.500 4 4 2.500-2.500 5 4.500M15.500 10v.01',
  bin: 'M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13M10.200 10.500l.4 6M13.800 10.500l-.4 6',
  warning: 'M12 4l9 16H3zM12 10v4.500M12 17.200v.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
