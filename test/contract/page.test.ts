import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contractTopics } from '../../src/contract-topics.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { payloadSchemas } from '../../src/payloads.ts';
import { alertIds } from '../../src/telemetry/alerts.ts';
import { maxPayloadBytes, violationOf } from '../support/schemas.ts';

const read = (path: string) => readFile(join(packageRoot, path), 'utf8');
const page = await read('docs/mqtt.md');

/** The fenced blocks of JSON: the payload that each is an example of, and its text. */
const examples = [...page.matchAll(/^```json ?(\S*)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => ({
  name,
  text,
}));

it('docs/mqtt.md has the table of the topics as the code has them', () => {
  const rows = contractTopics.map(
    ({ address, direction, qos, retained, payload, writers, readers, summary, empty }) => {
      const topic = `\`${address.replaceAll('{', '<').replaceAll('}', '>')}\``;
      const schema = `[${payload}](../config/schemas/${payload}.schema.json)`;
      const what = empty === null ? summary : `${summary}; empty: ${empty}`;
      const way = direction === 'send' ? 'sent' : 'received';
      return `| ${[topic, way, qos, retained ? 'yes' : 'no', writers, readers, schema, what].join(' | ')} |`;
    },
  );
  const head = [
    '| topic | | QoS | retained | writes | reads | payload | what |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const table = /<!-- topics[^>]*-->\n([^]*?)\n<!-- \/topics -->/.exec(page)?.[1];
  expect(table).toBe([...head, ...rows].join('\n'));
});

it('every JSON block of the page is an example of a payload of a station, and every payload has one', () => {
  const wanted = contractTopics.map(({ payload }) => payload);
  expect(new Set(examples.map(({ name }) => name))).toEqual(new Set(wanted));
});

it.each(examples)(
  'the example of $name keeps the published schema, without unknown fields',
  ({ name, text }) => {
    const payload: unknown = JSON.parse(text);
    expect(violationOf(name, payload)).toBeNull();
    expect(() => payloadSchemas[name as keyof typeof payloadSchemas].strict().parse(payload)).not.toThrow();
    expect(Buffer.byteLength(text)).toBeLessThan(maxPayloadBytes);
  },
);

it('the page explains every alert that the code can raise, and no other', () => {
  const table = /^### alert\n([^]*?)^### /m.exec(page)?.[1] ?? '';
  const explained = [...table.matchAll(/^\| `([a-z-]+)` \| /gm)].map((match) => match[1]);
  expect(explained).toHaveLength(alertIds.length);
  expect(new Set(explained)).toEqual(new Set(alertIds));
});

it('every file that the page and its table link to is there', async () => {
  const links = [...page.matchAll(/\]\((?!#|https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
  expect(links.length).toBeGreaterThan(10);
  for (const link of new Set(links)) {
    // Written beside this page; the folder config/schemas is none to read.
    if (link === '../config/schemas') continue;
    await expect(read(join('docs', link)), link).resolves.not.toBe('');
  }
});
