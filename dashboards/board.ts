import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type Dashboard,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource, type InfluxTarget } from './influxql.ts';

/** What both dashboards have in common: the frame, the variables, the links, the numbering. */

export const fleetUid = 'muster-fleet';
export const stationUid = 'muster-station';

/** The data source that deploy/grafana/provisioning sets up. */
const provisioned = { text: 'Muster', value: 'muster-influxdb' };

const tag = 'muster';

export interface Section {
  readonly title: string;
  /** Placed from left to right; each line fills the 24 columns. */
  readonly panels: readonly Builder<Panel>[];
}

export interface BoardFacts {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** How far back it looks when it is opened, such as `now-24h`. */
  readonly from: string;
  /** Whether several sites and stations can be chosen at once. */
  readonly several: boolean;
  readonly sections: readonly Section[];
}

export function board({ uid, title, description, from, several, sections }: BoardFacts): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([tag])
    .timezone('browser')
    .time({ from, to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([])
    .link(
      new DashboardLinkBuilder('Muster')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(false)
        .keepTime(true)
        .includeVars(false),
    )
    .variables([
      new DatasourceVariableBuilder('datasource').label('Data source').type('influxdb').current(provisioned),
      tagVariable('site', 'Site', 'SHOW TAG VALUES FROM "health" WITH KEY = "site"', several),
      tagVariable(
        'station',
        'Station',
        'SHOW TAG VALUES FROM "health" WITH KEY = "station" WHERE "site" =~ /^${site:regex}$/',
        several,
      ),
    ]);
  for (const { title: heading, panels } of sections) {
    builder.withRow(new RowBuilder(heading));
    for (const panel of panels) builder.withPanel(panel);
  }
  return numbered(builder.build());
}

/** A link of a panel that shows stations to the dashboard of the one that was clicked. */
export function stationLink(site: string, station: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Open this station').url(
    `/d/${stationUid}?var-datasource=\${datasource}&var-site=${site}&var-station=${station}&\${__url_time_range}`,
  );
}

/** The same for a table, whose columns name the station. */
export const linkFromColumns = stationLink('${__data.fields.site}', '${__data.fields.station}');
/** The same for series, whose tags name the station. */
export const linkFromTags = stationLink('${__field.labels.site}', '${__field.labels.station}');

function tagVariable(name: string, label: string, query: string, several: boolean): QueryVariableBuilder {
  const variable = new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnDashboardLoad)
    // oxlint-disable-next-line unicorn/no-array-sort -- a builder, not an array
    .sort(VariableSort.NaturalAsc)
    .multi(several)
    .includeAll(several);
  if (!several) return variable;
  // A pattern, not a list: a station that appears later is in it, and a fleet does not make long queries.
  return variable.allValue('.*').current({ text: ['All'], value: ['$__all'] });
}

/** Numbers panels and queries from the top, so that both stay the same from one making to the next. */
function numbered(dashboard: Dashboard): Dashboard {
  const panels = dashboard.panels?.map((panel, index) => {
    const id = index + 1;
    if (!('targets' in panel)) return { ...panel, id };
    const targets = panel.targets?.map((target, position) => numberedTarget(target, position));
    return { ...panel, id, targets: targets ?? [] };
  });
  // The SDK puts links into a menu, where nobody looks for them.
  for (const link of dashboard.links ?? []) delete link.placement;
  return { ...dashboard, panels: panels ?? [] };
}

function numberedTarget(target: Dataquery, position: number): InfluxTarget {
  return { ...(target as InfluxTarget), refId: String.fromCodePoint(65 + position) };
}
