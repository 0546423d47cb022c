import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { reasons, type Reason } from '../src/decide/contract.ts';
import { datasource } from './influxql.ts';

/** The looks that the panels of both dashboards share. Each function gives the SDK's builder, to be refined. */

export interface PanelFacts {
  readonly title: string;
  /** What the figures mean, and what to do when they are bad. */
  readonly description: string;
  /** Grafana's id of a unit, see the SDK's `units`. */
  readonly unit: string;
  /** Columns of 24. */
  readonly width: number;
  /** Rows of 30 px. */
  readonly height: number;
}

export const colours = {
  good: 'green',
  watch: 'orange',
  bad: 'red',
  plain: 'blue',
  quiet: '#8e8e8e',
} as const;

const reasonColour: Readonly<Record<Reason, string>> = {
  no_face: '#8e8e8e',
  low_quality: 'yellow',
  unknown: 'orange',
  ambiguous: 'purple',
  spoof_suspected: 'red',
  cooldown: 'blue',
  gallery_empty: 'dark-red',
};

/** A colour from each value on, the first from below all; as [value, colour]. */
export type Steps = readonly (readonly [from: number | null, colour: string])[];

/** Two values side by side, or one large one, each the newest of its query. */
export function stat(facts: PanelFacts, steps: Steps): Stat {
  return common(new Stat(), facts, steps)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Auto)
    .wideLayout(false)
    .orientation(VizOrientation.Auto)
    .reduceOptions(lastValue());
}

/** Lines over time, with the legend below. Steps are drawn as dashed lines. */
export function lines(facts: PanelFacts, axis: string, steps?: Steps): TimeSeries {
  const panel = common(new TimeSeries(), facts, steps ?? [[null, colours.plain]])
    .axisLabel(axis)
    .lineWidth(2)
    .fillOpacity(0)
    .showPoints(VisibilityMode.Auto)
    .pointSize(4)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(legend())
    .tooltip(allValues());
  const style = steps === undefined ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed;
  return panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(style));
}

/** Bars over time, one on the other. */
export function bars(facts: PanelFacts, axis: string): TimeSeries {
  return lines(facts, axis)
    .drawStyle(GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(80)
    .showPoints(VisibilityMode.Never)
    .decimals(0)
    .min(0)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
}

/** A bar to the right for each series, with its figure. */
export function barGauge(facts: PanelFacts, steps: Steps): BarGauge {
  return common(new BarGauge(), facts, steps)
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(true)
    .min(0)
    .reduceOptions(lastValue());
}

/** A band for each station, coloured by its state. */
export function timeline(facts: PanelFacts, steps: Steps): StateTimeline {
  return common(new StateTimeline(), facts, steps)
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .legend(legend())
    .tooltip(allValues());
}

export function table(facts: PanelFacts, steps: Steps): Table {
  return common(new Table(), facts, steps).showHeader(true).filterable(true);
}

export function legend(calcs: readonly string[] = []): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(calcs.length === 0 ? LegendDisplayMode.List : LegendDisplayMode.Table)
    .placement(LegendPlacement.Bottom)
    .calcs([...calcs]);
}

export function allValues(): VizTooltipOptionsBuilder {
  // oxlint-disable-next-line unicorn/no-array-sort -- a builder, not an array
  return new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);
}

export function thresholds(steps: Steps): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

/** For the overrides of one series or column. */
export const fixedColour = (colour: string) => ({
  id: 'color',
  value: { mode: FieldColorModeId.Fixed, fixedColor: colour },
});
export const unitIs = (unit: string) => ({ id: 'unit', value: unit });
export const nameIs = (name: string) => ({ id: 'displayName', value: name });
export const widthIs = (px: number) => ({ id: 'custom.width', value: px });
export const decimalsAre = (digits: number) => ({ id: 'decimals', value: digits });
export const textColouredBy = (steps: Steps) => [
  { id: 'thresholds', value: thresholds(steps).build() },
  { id: 'custom.cellOptions', value: { type: 'color-text' } },
];
/** A limit that is data: dashed, grey, without points. */
export const limitLine = [
  fixedColour(colours.quiet),
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
  { id: 'custom.showPoints', value: VisibilityMode.Never },
];

/** A reason has the same colour wherever it is. */
export function reasonColours<P extends TimeSeries | BarGauge>(panel: P): P {
  for (const reason of reasons) panel.overrideByName(reason, [fixedColour(reasonColour[reason])]);
  return panel;
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields('');
}

type AnyPanel = Stat | TimeSeries | BarGauge | StateTimeline | Table;

function common<P extends AnyPanel>(panel: P, facts: PanelFacts, steps: Steps): P {
  panel
    .title(facts.title)
    .description(facts.description)
    .unit(facts.unit)
    .span(facts.width)
    .height(facts.height)
    .datasource(datasource)
    .thresholds(thresholds(steps));
  return panel;
}
