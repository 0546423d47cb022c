import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { dashboardArtefacts } from '../../dashboards/artefacts.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from '../support/tools.ts';

/**
 * The SDK's schema is its TypeScript types, and it brings no other. So the generated JSON becomes a literal of
 * those types, and the compiler judges it: every property must exist and have the right type, also in the options of
 * each kind of panel. What the SDK types as `any` (values of overrides, options of matchers) it can't judge.
 */
const run = promisify(execFile);
const sdk = '@grafana/grafana-foundation-sdk';

interface PanelJson {
  readonly type: string;
  readonly options?: unknown;
  readonly targets?: readonly unknown[];
  readonly fieldConfig?: { readonly defaults: { readonly custom?: object } };
}

test('the dashboards are of the types of the SDK, with the options of every panel', async () => {
  expect(await complaintsAbout(dashboardArtefacts.map(({ text }) => JSON.parse(text()) as object))).toBe('');
});

test('a wrong property, type or kind of panel is found', async () => {
  const [fleet] = dashboardArtefacts.map(({ text }) => text());
  const wrong = (from: string, to: string) => {
    expect(fleet).toContain(from);
    return complaintsAbout([JSON.parse((fleet ?? '').replace(from, to)) as object]);
  };
  expect(await wrong('"refresh": "1m"', '"refresh": 60')).toContain('TS2322');
  expect(await wrong('"graphMode": "none"', '"graphMode": "nothing"')).toContain('TS2322');
  expect(await wrong('"lineWidth": 2', '"lineThickness": 2')).toContain('TS2353');
  expect(await wrong('"type": "bargauge"', '"type": "no-such-panel"')).toContain('TS2307');
});

/** What the compiler says; empty when all is right. */
async function complaintsAbout(dashboards: readonly object[]): Promise<string> {
  const dir = await temporaryFolder();
  await symlink(join(packageRoot, 'node_modules'), join(dir, 'node_modules'));
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
  await writeFile(join(dir, 'dashboards.ts'), sourceOf(dashboards));
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--module', 'nodenext'];
  return run(process.execPath, [tsc, ...options, '--types', '', 'dashboards.ts'], { cwd: dir }).then(
    () => '',
    (error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      return `${stdout}${stderr}`.slice(0, 4000);
    },
  );
}

function sourceOf(dashboards: readonly object[]): string {
  const lines = [
    `import type { Dashboard, Panel } from '${sdk}/dashboard';`,
    // JSON has no enums: their values stand for them.
    'type Json<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T',
    '  : T extends (...args: never[]) => unknown ? never : T extends object ? { [K in keyof T]: Json<T[K]> } : T;',
    // Its types have no query of this data source, and write value mappings as a union that is checked in full below.
    "export type Board = Omit<Json<Dashboard>, 'panels'>;",
    "export type OnePanel = Omit<Json<Panel>, 'targets'> & { targets: Target[] };",
    'export interface Target { refId: string; datasource: { type: "influxdb"; uid: string }; query: string;',
    '  rawQuery: true; resultFormat: "time_series" | "table"; alias?: string }',
  ];
  dashboards.forEach((dashboard, index) => {
    const { panels = [], ...board } = dashboard as { panels?: PanelJson[] };
    lines.push(`export const board${index}: Board = ${JSON.stringify(board)};`);
    panels.forEach((panel, position) => lines.push(...sourceOfPanel(panel, `${index}_${position}`)));
  });
  return lines.join('\n');
}

function sourceOfPanel(panel: PanelJson, name: string): string[] {
  if (panel.type === 'row') {
    return [
      `import type { RowPanel as Row${name} } from '${sdk}/dashboard';`,
      `export const row${name}: Json<Row${name}> = ${JSON.stringify(panel)};`,
    ];
  }
  const module = `${sdk}/${panel.type.replaceAll('-', '')}`;
  const custom = panel.fieldConfig?.defaults.custom;
  const lines = [
    `import type * as kind${name} from '${module}';`,
    `export const panel${name}: OnePanel = ${JSON.stringify(panel)};`,
    `export const options${name}: Json<kind${name}.Options> = ${JSON.stringify(panel.options)};`,
  ];
  // Kinds without settings of their own for a field have no such type.
  if (custom !== undefined && Object.keys(custom).length > 0) {
    lines.push(`export const custom${name}: Json<kind${name}.FieldConfig> = ${JSON.stringify(custom)};`);
  }
  return lines;
}
