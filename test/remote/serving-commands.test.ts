import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { stationTopics } from '../../src/broker/topics.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { MusterError } from '../../src/lib/errors.ts';
import { createAnswers } from '../../src/remote/commands/answers.ts';
import { command, type Command, type CommandTarget } from '../../src/remote/commands/contract.ts';
import { createCommands } from '../../src/remote/commands/feature.ts';
import { createCommandMemory } from '../../src/remote/commands/memory.ts';
import { resSchema, type ResPayload } from '../../src/remote/commands/payloads.ts';
import { startRemote } from '../../src/remote/remote.ts';
import { createStore } from '../../src/store/store.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { connectionTo, startBroker, subscribe } from '../support/broker.ts';
import { eventually, silentLog, temporaryFolder } from '../support/tools.ts';

const topics = stationTopics({ site: 'default', station: 'station-1' });
const nothing = z.strictObject({});
const anything = z.record(z.string(), z.unknown());

/** The commands of these tests work only when they are told to. */
class Gate extends EventTarget {
  readonly opened = once(this, 'open');
  open(): void {
    this.dispatchEvent(new Event('open'));
  }
}

function testCommands(gate: Gate): ReadonlyMap<string, Command> {
  type Run = Command<typeof nothing, typeof anything>['run'];
  const made = (name: string, runs: 'alone' | 'alongside', run: Run) =>
    command({ name, args: nothing, data: anything, runs, run }) as unknown as Command;
  const wait = async () => {
    await gate.opened;
    return {};
  };
  const all = [
    made('long', 'alone', wait),
    made('other', 'alone', () => Promise.resolve({ done: true })),
    made('beside', 'alongside', () => Promise.resolve({ done: true })),
    made('waiting', 'alongside', wait),
    made('steps', 'alongside', async (_args, { progress }) => {
      for (const step of [1, 2, 3]) await progress({ step });
      return { steps: 3 };
    }),
    made('large', 'alongside', () => Promise.resolve({ text: 'x'.repeat(40_000) })),
    made('wrong', 'alongside', () => {
      const error = Object.assign(new Error('ENOENT: /people/alice.jpg'), { code: 'ENOENT' });
      return Promise.reject(error);
    }),
    made('mendable', 'alongside', () => Promise.reject(new MusterError('disk', 'the disk is full'))),
  ];
  return new Map(all.map((each) => [each.name, each]));
}

/** The commands of a station without the rest of it, at a broker, and a desk that asks. */
async function commandDesk({ serve = true } = {}) {
  const broker = await startBroker();
  const { client, messages } = await subscribe(broker.url(), `${topics.root}/res/#`);
  const connection = connectionTo(broker.url());
  const store = createStore(await temporaryFolder());
  await store.open();
  onTestFinished(() => store.close());
  const memory = createCommandMemory(store);
  await memory.open();
  const ending = new AbortController();
  const gate = new Gate();
  const feature = createCommands({
    topics,
    connection,
    commands: testCommands(gate),
    memory,
    clock: systemClock,
    clockTrust: () => 'synced',
    log: silentLog,
    signal: ending.signal,
  });
  const alerts = createAlerts({ clock: systemClock, log: silentLog });
  const subscribed = new Promise<void>((resolve) => {
    const onSession = (session: Parameters<NonNullable<typeof feature.onSession>>[0]) => {
      feature.onSession?.(session);
      resolve();
    };
    startRemote({ connection, features: [{ ...feature, onSession }], alerts });
  });
  await connection.start(() => ({ topic: topics.state, payload: '{}' }));
  await subscribed;
  // No command of these tests asks anything of the station.
  const start = () => feature.serve({} as CommandTarget);
  if (serve) start();

  const answers = (id: string): ResPayload[] =>
    messages.map(({ payload }) => resSchema.parse(JSON.parse(payload))).filter((each) => each.id === id);
  const give = async (name: string, id: string) => {
    const request = { id, ts: new Date().toISOString(), ttl_s: 30 };
    await client.publishAsync(topics.cmd(name), JSON.stringify(request), { qos: 1 });
  };
  /** The n-th last word on an id. */
  const lastWord = async (id: string, n = 1): Promise<ResPayload> => {
    const ended = () => answers(id).filter(({ ok }) => ok !== undefined);
    await eventually(`answer ${n} to ${id}`, () => ended().length >= n);
    return ended()[n - 1] as ResPayload;
  };
  return { client, broker, connection, messages, gate, ending, memory, start, answers, give, lastWord };
}

it('two that would be in each other’s way do not run at once; others run beside them', async () => {
  const { gate, give, lastWord, answers } = await commandDesk();
  await give('long', 'first');
  await give('other', 'second');
  await give('long', 'third');
  const busy = { error: { code: 'busy', message: expect.stringContaining('busy with long') as string } };
  expect(await lastWord('second')).toMatchObject(busy);
  expect(await lastWord('third')).toMatchObject(busy);
  await give('beside', 'fourth');
  expect(await lastWord('fourth')).toMatchObject({ ok: true });
  expect(answers('first')).toEqual([]);
  gate.open();
  expect(await lastWord('first')).toMatchObject({ ok: true });
  // An id that was refused as busy is not used up; one that was begun is.
  await give('other', 'second');
  expect(await lastWord('second', 2)).toMatchObject({ ok: true, data: { done: true } });
  await give('other', 'second');
  expect(await lastWord('second', 3)).toMatchObject({ error: { code: 'repeated' } });
  await give('beside', 'first');
  expect(await lastWord('first', 2)).toMatchObject({ error: { code: 'repeated' } });
});

it('one that is given twice before it has ended is run once', async () => {
  const { gate, give, lastWord } = await commandDesk();
  await Promise.all([give('waiting', 'twice'), give('waiting', 'twice')]);
  expect(await lastWord('twice')).toMatchObject({ error: { code: 'repeated' } });
  gate.open();
  expect(await lastWord('twice', 2)).toMatchObject({ ok: true });
});

it('a flood is refused beyond 32 at once', async () => {
  const { gate, give, lastWord } = await commandDesk();
  for (let i = 0; i < 33; i += 1) await give('waiting', `flood-${i}`);
  expect(await lastWord('flood-32')).toMatchObject({ error: { code: 'busy' } });
  gate.open();
  for (let i = 0; i < 32; i += 1) expect(await lastWord(`flood-${i}`)).toMatchObject({ ok: true });
  await give('waiting', 'flood-32');
  expect(await lastWord('flood-32', 2)).toMatchObject({ ok: true });
});

it('a station that ends takes none', async () => {
  const { ending, give, lastWord, memory } = await commandDesk();
  ending.abort();
  await give('beside', 'late');
  expect(await lastWord('late')).toMatchObject({
    error: { code: 'busy', message: expect.stringContaining('its end') as string },
  });
  expect(memory.has('late')).toBe(false);
});

it('tells how far it is in order, and answers last', async () => {
  const { give, lastWord, answers, messages } = await commandDesk();
  await give('steps', 'far');
  await lastWord('far');
  expect(answers('far')).toEqual([
    { id: 'far', progress: { step: 1 } },
    { id: 'far', progress: { step: 2 } },
    { id: 'far', progress: { step: 3 } },
    { id: 'far', ok: true, data: { steps: 3 } },
  ]);
  expect(messages.every(({ topic, retain }) => topic === topics.res('steps') && !retain)).toBe(true);
});

it('tells of a failure what the one who asked may know, and no path', async () => {
  const { give, lastWord } = await commandDesk();
  await give('wrong', 'w');
  expect(await lastWord('w')).toEqual({
    id: 'w',
    ok: false,
    error: { code: 'failed', message: 'the station could not do it (ENOENT)' },
  });
  await give('mendable', 'm');
  expect(await lastWord('m')).toMatchObject({ error: { code: 'failed', message: 'the disk is full' } });
  await give('large', 'l');
  expect(await lastWord('l')).toMatchObject({
    error: { code: 'failed', message: expect.stringContaining('too large') as string },
  });
});

it('works off what came before it was ready, and lets an empty payload pass', async () => {
  const { client, start, give, lastWord, messages, answers } = await commandDesk({ serve: false });
  await give('beside', 'early');
  await client.publishAsync(topics.cmd('beside'), '', { qos: 1 });
  await sleep(50);
  expect(answers('early')).toEqual([]);
  start();
  expect(await lastWord('early')).toMatchObject({ ok: true });
  await client.publishAsync(topics.cmd('beside'), '', { qos: 1 });
  await give('beside', 'after');
  await lastWord('after');
  expect(messages).toHaveLength(2);
});

it('an answer that the broker could not take comes with the next session', async () => {
  const { broker, connection, gate, give, lastWord, memory } = await commandDesk();
  await give('waiting', 'away');
  await eventually('begun', () => memory.has('away'));
  const port = Number(new URL(broker.url()).port);
  await broker.close();
  await eventually('cut', () => connection.session() === null);
  gate.open();
  await sleep(50);
  await startBroker(port);
  expect(await lastWord('away')).toMatchObject({ id: 'away', ok: true });
});

it.each([
  ['its own res', `${topics.root}/res/desk-7`, true],
  ['a wildcard for one level', `${topics.root}/res/+`, false],
  ['a wildcard for all', `${topics.root}/res/#`, false],
  ['a wildcard inside a level', `${topics.root}/res/a#`, false],
  ['no level', `${topics.root}/res/`, false],
  ['res itself', `${topics.root}/res`, false],
  ['two levels', `${topics.root}/res/desk/7`, false],
  ['a level up', `${topics.root}/res/../cmd/restart`, false],
  ['a NUL', `${topics.root}/res/a\0b`, false],
  ['a topic that is too long', `${topics.root}/res/${'x'.repeat(256)}`, false],
  ['res of another station', 'muster/1/default/station-9/res/desk-7', false],
  ['res of a station whose name begins alike', `${topics.root}0/res/desk-7`, false],
  ['a topic of the station’s own word', topics.checkin, false],
  ['its own commands', topics.cmd('restart'), false],
  ['the broker’s own topics', '$SYS/broker/log', false],
  ['a shared subscription', `$share/desk/${topics.root}/res/desk-7`, false],
  ['the whole tree', '#', false],
  ['nothing', '', false],
])('a response topic that is %s is used or passed over: %j', async (_title, responseTopic, used) => {
  const connection = connectionTo('mqtt://127.0.0.1:1');
  const answers = createAnswers({ topics, connection, log: silentLog });
  const correlationData = Buffer.from('desk');
  const message = {
    topic: topics.cmd('ping'),
    payload: Buffer.from('{}'),
    retain: false,
    qos: 1,
    acknowledge: () => undefined,
    responseTopic,
    correlationData,
  } as const;
  expect(answers.addressOf('ping', message)).toEqual({
    topic: used ? responseTopic : topics.res('ping'),
    correlationData,
  });
  // What is no name of a command does not become a part of a topic.
  const name = '+/#';
  expect(answers.addressOf(name, { ...message, responseTopic: null }).topic).toBe(topics.res('unknown'));
});
