import { writeFile } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { CommandContext, DefineVerb } from './context.ts';

interface ReportOptions {
  readonly from: string;
  readonly to: string;
  readonly site?: string;
  readonly station?: readonly string[];
  readonly timezone?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `muster report`: what the stations did in a period, for people without Grafana. */
export const defineReport: DefineVerb = (verb, context) => {
  verb
    .option('--from <time>', 'start of the period', '-7d')
    .option('--to <time>', 'its end', 'now')
    .option('--site <site>', 'this site only')
    .option('--station <station...>', 'these stations only')
    .option(
      '--timezone <zone>',
      "days and hours of this zone, such as Europe/Berlin (default: the machine's)",
    )
    .option('--out <file>', 'the page; - for standard output', 'report.html')
    .option('--json', 'print the figures as one JSON document, and write no page')
    .addHelpText(
      'after',
      `
The page is one HTML file without scripts: accept rate, check-ins, reasons of rejection, latency, similarity, and the health
of the stations, as charts and as tables. It reads what muster bridge has written to InfluxDB (1, 2 or 3), with the
settings of the section influx; the token or the user needs the right to read.

A time is now, a span before now (-90m, -24h, -7d, -4w), a date (2026-11-23), or a time (2026-11-23T09:00, in the zone of
--timezone, or with Z or an offset at its end).

The exit status is 1 when the period has no data.

Examples:
  muster report
  muster report --from 2026-11-01 --to 2026-12-01 --site main --out november.html
  muster report --from -24h --station door-1 door-2 --json`,
    )
    .action((options: ReportOptions) => report(options, context));
};

async function report(options: ReportOptions, context: CommandContext): Promise<void> {
  const [{ periodOf }, { readReport }, { machineZone }, { systemClock }] = await Promise.all([
    import('../report/period.ts'),
    import('../report/queries.ts'),
    import('../report/zone.ts'),
    import('../lib/clock.ts'),
  ]);
  const now = systemClock.now();
  const period = periodOf(options.from, options.to, options.timezone ?? machineZone(), now);
  const { influx } = await context.config();
  const query = await openDatabase(influx, context.signal);
  const data = await readReport(query, {
    period,
    site: options.site ?? null,
    stations: options.station ?? [],
  });
  if (data === null) {
    const span = `${new Date(period.from).toISOString()} and ${new Date(period.to).toISOString()}`;
    process.stderr.write(
      `muster: no data between ${span}: is muster bridge running, and are --site and --station right?\n`,
    );
    context.exitCode(1);
    return;
  }
  if (options.json === true) {
    context.print(JSON.stringify(data));
    return;
  }
  const { reportPage } = await import('../report/page.ts');
  const page = reportPage(data, now);
  if (options.out === '-') {
    context.print(page);
    return;
  }
  await writeFile(options.out, page).catch((error: unknown) => {
    throw new MusterError('report_unwritable', `${options.out} can't be written: ${messageOf(error)}`, {
      remedy: 'Give another file with --out.',
      cause: error,
    });
  });
  context.print(`${options.out}: ${data.summary.captures} captures of ${data.summary.stations} stations`);
}

async function openDatabase(influx: Config['influx'], signal: AbortSignal) {
  const [{ createInfluxQuery }, { readSecret }] = await Promise.all([
    import('../report/database.ts'),
    import('../config/secret.ts'),
  ]);
  const { url, bucket, username, timeout_s } = influx;
  if (url === null) {
    throw new MusterError('influx_not_set', 'there is no database to report from: influx.url is not set', {
      remedy: 'Set influx.url in the file of --config, or in the variable MUSTER_INFLUX__URL.',
    });
  }
  const password = await readSecret(influx, 'password');
  return createInfluxQuery({
    url,
    bucket,
    token: await readSecret(influx, 'token'),
    login: username === null ? null : { username, password: password ?? '' },
    timeoutMs: timeout_s * 1000,
    signal,
  });
}
