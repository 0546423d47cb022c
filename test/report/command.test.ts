import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { packageRoot } from '../../src/lib/package.ts';
import type { ReportData } from '../../src/report/contract.ts';
import { aFleet, fleetLines } from '../support/fleet-data.ts';
import { hasInfluxd, influxdUser, startInfluxd, withoutInfluxd, type Influxd } from '../support/influxd.ts';
import { temporaryFolder } from '../support/tools.ts';

/** `muster report` as a user runs it, against a real InfluxDB that asks for a password. */

const from = Date.parse('2026-11-20T00:00:00.000Z');
const to = Date.parse('2026-11-22T00:00:00.000Z');
const period = ['--from', '2026-11-20', '--to', '2026-11-22', '--timezone', 'UTC'];

describe.skipIf(!hasInfluxd)(`muster report${hasInfluxd ? '' : `, ${withoutInfluxd}`}`, () => {
  let influxd: Influxd;
  const lines = fleetLines(aFleet, from, to);
  beforeAll(async () => {
    influxd = await startInfluxd({ auth: true });
    await influxd.write('muster', lines);
  });
  afterAll(() => influxd.stop());
  const login = () => ({
    MUSTER_INFLUX__URL: influxd.url,
    MUSTER_INFLUX__USERNAME: influxdUser.name,
    MUSTER_INFLUX__PASSWORD: influxdUser.password,
  });

  test('writes one page, with a password from a file', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'password'), `${influxdUser.password}\n`);
    const out = join(dir, 'report.html');
    const { MUSTER_INFLUX__PASSWORD: _, ...env } = login();
    const result = await muster([...period, '--out', out], {
      ...env,
      MUSTER_INFLUX__PASSWORD_FILE: join(dir, 'password'),
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(/report\.html: \d{4} captures of 4 stations/);
    const page = await readFile(out, 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|<link|src=|https?:\/\/(?!www\.w3\.org)/);
  });

  test('prints the figures that are in the database as JSON', async () => {
    const { status, stdout } = await muster([...period, '--json'], login());
    expect(status).toBe(0);
    const data = JSON.parse(stdout) as ReportData;
    const checkins = lines.filter((line) => line.startsWith('checkin'));
    const accepted = checkins.filter((line) => line.includes('decision=accepted')).length;
    expect(data.summary).toMatchObject({ stations: 4, captures: checkins.length, accepted });
    expect(data.summary.accept_rate_pct).toBeCloseTo((100 * accepted) / checkins.length, 1);
    expect(data.counts.reduce((sum, one) => sum + one.accepted + one.rejected, 0)).toBe(checkins.length);
    expect(data.over_time.reduce((sum, one) => sum + one.captures, 0)).toBe(checkins.length);
    expect(data.reasons.reduce((sum, { count }) => sum + count, 0)).toBe(checkins.length - accepted);
    const [most, next] = data.reasons;
    expect(most?.count).toBeGreaterThanOrEqual(next?.count ?? Infinity);
    expect(data.stages.map(({ stage }) => stage)).toEqual([
      'queue',
      'decode',
      'detect',
      'align',
      'embed',
      'match',
      'total',
    ]);
    for (const { p50_ms, p95_ms } of data.stages) expect(p95_ms).toBeGreaterThan(p50_ms);
    for (const row of data.over_time) {
      expect(row.threshold).toBe(0.44);
      expect(row.accepted_lowest).toBeGreaterThanOrEqual(0.44);
      expect(row.accepted_median).toBeGreaterThanOrEqual(row.accepted_lowest ?? 1);
      expect(row.unknown_highest ?? 0).toBeLessThan(0.44);
    }
    const gate = data.per_station.find(({ station }) => station === 'gate');
    expect(gate).toMatchObject({ site: 'main', throttled_pct: null });
    expect(data.per_station.reduce((sum, { captures }) => sum + captures, 0)).toBe(checkins.length);
    expect(data.health).toHaveLength(4);
  });

  test('a site and stations limit it', async () => {
    const { stdout } = await muster(
      [...period, '--json', '--site', 'main', '--station', 'door-1', 'gate'],
      login(),
    );
    const { per_station, site, stations } = JSON.parse(stdout) as ReportData;
    expect({ site, stations }).toEqual({ site: 'main', stations: ['door-1', 'gate'] });
    expect(per_station.map((one) => `${one.site}/${one.station}`)).toEqual(['main/door-1', 'main/gate']);
  });

  test('a day is that of the zone', async () => {
    const zone = ['--from', '2026-11-20', '--to', '2026-11-22', '--timezone', 'Asia/Kolkata', '--json'];
    const { stdout } = await muster(zone, login());
    const days = (JSON.parse(stdout) as ReportData).counts.map(({ at }) => new Date(at).toISOString());
    expect(days).toEqual(['2026-11-19T18:30:00.000Z', '2026-11-20T18:30:00.000Z']);
  });

  test('a quote in a name asks for nothing else', async () => {
    const { status, stderr } = await muster([...period, '--site', `main' OR "site" = 'annex`], login());
    expect(status).toBe(1);
    expect(stderr).toContain('no data between 2026-11-20T00:00:00.000Z and 2026-11-22T00:00:00.000Z');
  });

  test('a period without data is said, with status 1', async () => {
    const { status, stdout, stderr } = await muster(['--from', '2020-01-01', '--to', '2020-01-02'], login());
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^muster: no data between .*: is muster bridge running/);
  });

  test('- writes the page to standard output', async () => {
    const { stdout } = await muster([...period, '--out', '-'], login());
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/);
  });

  test('a wrong password, a missing database and a database that is not there are told apart', async () => {
    const wrong = await muster(period, { ...login(), MUSTER_INFLUX__PASSWORD: 'wrong' });
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/refuses the token or the password \(status 401\)\nSet influx\.token_file/);
    expect(wrong.stderr).not.toContain('wrong');

    const missing = await muster(period, { ...login(), MUSTER_INFLUX__BUCKET: 'nothing' });
    expect(missing.status).toBe(2);
    expect(missing.stderr).toMatch(/has no database 'nothing'\nSet influx\.bucket/);

    const away = await muster(period, { MUSTER_INFLUX__URL: `http://127.0.0.1:${await freePort()}` });
    expect(away.status).toBe(2);
    expect(away.stderr).toMatch(/can't be reached: ECONNREFUSED\nIs the database running/);
  });
});

test('without a database in the settings it says which setting is missing', async () => {
  const { status, stderr } = await muster(period, {});
  expect(status).toBe(2);
  expect(stderr).toMatch(/influx\.url is not set\nSet influx\.url/);
});

async function muster(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(packageRoot, 'bin/muster.js'), 'report', ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, status: status as number };
}
