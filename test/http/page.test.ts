import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { problemCodes, statusOf } from '../../src/http/problem.ts';
import { routes } from '../../src/http/routes/table.ts';
import { packageRoot } from '../../src/lib/package.ts';

const page = await readFile(join(packageRoot, 'docs/http.md'), 'utf8');

it('docs/http.md names every problem beside its status, and no other', () => {
  const table = /^## Failures\n([^]*?)^## /m.exec(page)?.[1] ?? '';
  const rows = [...table.matchAll(/^\| ([\d, ]+) \| (.*) \|$/gm)];
  const named = rows.flatMap(([, statuses = '', codes = '']) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => ({ statuses, code })),
  );
  expect(new Set(named.map(({ code }) => code))).toEqual(new Set(problemCodes));
  for (const { statuses, code } of named)
    expect(statuses, code).toContain(String(statusOf(code as (typeof problemCodes)[number])));
});

it('docs/http.md names every address', () => {
  for (const { path } of routes) {
    const last =
      path
        .replaceAll(/\{(\w+)\}/g, '<$1>')
        .split('/')
        .at(-1) ?? '';
    expect(page, path).toContain(last);
  }
});
