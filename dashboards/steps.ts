import { MappingType, type ValueMap } from '@grafana/grafana-foundation-sdk/dashboard';
import { colours, type Steps } from './panels.ts';

/** From which value on a figure is good, to be watched, or bad. */

/** Per cent. */
export const acceptRate: Steps = [
  [null, colours.bad],
  [50, colours.watch],
  [80, colours.good],
];

/** Milliseconds: an answer in well under a second is what the person at the door is promised. */
export const latency: Steps = [
  [null, colours.good],
  [500, colours.watch],
  [1000, colours.bad],
];

/** °C: Raspberry Pi's firmware lowers the clock from 80 on. */
export const temperature: Steps = [
  [null, colours.good],
  [70, colours.watch],
  [80, colours.bad],
];

/** Events. */
export const outbox: Steps = [
  [null, colours.good],
  [100, colours.watch],
  [1000, colours.bad],
];

export const alerts: Steps = [
  [null, colours.good],
  [1, colours.bad],
];

export const throttled: Steps = [
  [null, colours.good],
  [1, colours.bad],
];

export const throttledMapping: ValueMap = {
  type: MappingType.ValueToText,
  options: { '0': { text: 'no', index: 0 }, '1': { text: 'throttled', index: 1 } },
};
export const throttledNames = { id: 'mappings', value: [throttledMapping] };
