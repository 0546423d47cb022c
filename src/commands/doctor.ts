import type { CheckedFinding, Finding } from '../doctor/contract.ts';
import { MusterError } from '../lib/errors.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { countOf } from '../lib/count-of.ts';

/** A word beside each sign: not everybody sees the sign, or its colour. */
const shown: Readonly<Record<Finding['level'], readonly [sign: string, word: string, colour: number]>> = {
  ok: ['✓', 'ok', 32],
  warning: ['!', 'warning', 33],
  failure: ['✗', 'failure', 31],
  none: ['–', 'none', 90],
};

export const defineDoctor: DefineVerb = (verb, context) => {
  verb
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
It looks at board, system, disk, clock, camera, models, gallery, broker (with the rights of its user), database, port and service, all at
once, and changes nothing. It may run beside the station. Run it as the station's user, with the station's configuration.

The exit status is 1 when something keeps the station from its work; warnings alone leave it 0.

JSON: {"ok", "findings": [{"check", "level": "ok" | "warning" | "failure" | "none", "message", "remedy"}]}.

Examples:
  muster doctor
  muster --config station.yaml doctor --json
  sudo -u muster muster --config /etc/muster/station.yaml doctor`,
    )
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examined(context);
      const isWell = findings.every(({ level }) => level !== 'failure');
      if (!isWell) context.exitCode(1);
      if (json === true) context.print(JSON.stringify({ ok: isWell, findings }, null, 2));
      else context.print([...findings.map(lineOf), '', inSum(findings)].join('\n'));
    });
};

async function examined(context: CommandContext): Promise<readonly CheckedFinding[]> {
  const [{ examine }, { checks }, { createHost }] = await Promise.all([
    import('../doctor/doctor.ts'),
    import('../doctor/checks/index.ts'),
    import('../doctor/host.ts'),
  ]);
  const host = createHost();
  try {
    const config = await context.config();
    const valid: CheckedFinding = { check: 'config', level: 'ok', message: 'the configuration is valid' };
    return [valid, ...(await examine(checks, { host, config }))];
  } catch (error) {
    if (!(error instanceof MusterError) || !error.code.startsWith('config_')) throw error;
    // What the machine is can be told all the same.
    const { loadConfig } = await import('../config/load.ts');
    const config = await loadConfig({ env: {} });
    const machine = checks.slice(
      0,
      checks.findIndex(({ name }) => name === 'disk'),
    );
    const invalid: CheckedFinding = {
      check: 'config',
      level: 'failure',
      message: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    };
    const rest = await examine(machine, { host, config });
    return [
      invalid,
      ...rest,
      { check: 'config', level: 'none', message: 'the other checks need a valid configuration' },
    ];
  }
}

function lineOf({ check, level, message, remedy }: CheckedFinding): string {
  const [sign, word, colour] = shown[level];
  const mark = process.stdout.isTTY
    ? `\u001b[${colour}m${sign} ${word.padEnd(7)}\u001b[0m`
    : `${sign} ${word.padEnd(7)}`;
  const indented = message.replaceAll('\n', `\n${' '.repeat(23)}`);
  const line = `${mark}  ${check.padEnd(12)} ${indented}`;
  return remedy === undefined ? line : `${line}\n${' '.repeat(23)}→ ${remedy}`;
}

function inSum(findings: readonly CheckedFinding[]): string {
  const count = (wanted: Finding['level']) => findings.filter(({ level }) => level === wanted).length;
  const [failures, warnings] = [count('failure'), count('warning')];
  if (failures === 0 && warnings === 0) return 'Everything is as it should be.';
  return `${countOf(failures, 'failure')}, ${countOf(warnings, 'warning')}.`;
}
