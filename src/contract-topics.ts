import type { payloadSchemas } from './payloads.ts';

/** Of one payload: its schema is `config/schemas/<name>.schema.json`. */
export type PayloadName = keyof typeof payloadSchemas;

/** One topic of the contract, for the documents that are made of this table and the tests that hold a station to it. */
export interface ContractTopic {
  /** Its key in the AsyncAPI document. */
  readonly key: string;
  /** With parameters in braces, as in RFC 6570 and AsyncAPI. */
  readonly address: string;
  /** As the station sees it. */
  readonly direction: 'send' | 'receive';
  readonly qos: 0 | 1;
  readonly retained: boolean;
  readonly payload: PayloadName;
  /** What an empty payload says; null where there is none. */
  readonly empty: string | null;
  readonly writers: string;
  readonly readers: string;
  /** Half a sentence. */
  readonly summary: string;
}

const site = 'muster/1/{site}';
const station = `${site}/{station}`;
const gallery = `${site}/gallery/{gallery}`;

const said = { direction: 'send', writers: 'station', readers: 'consumers, desk', empty: null } as const;
const asked = { direction: 'receive', writers: 'desk', readers: 'station', empty: null } as const;

/** The broker keeps the newest. */
const kept = { qos: 1, retained: true } as const;
/** It must arrive, and counts once. */
const once = { qos: 1, retained: false } as const;
/** The next one replaces it. */
const passing = { qos: 0, retained: false } as const;

/** What the parts of an address in braces are. */
export const topicParameters = {
  site: 'The site: 1 to 32 of a-z, 0-9 and -.',
  station: 'The station: 1 to 32 of a-z, 0-9 and -, but not config, gallery or bridge.',
  id: 'The alert: a word of docs/mqtt.md.',
  name: 'The command. In res also the last level of the response topic that an MQTT 5 command asks for.',
  gallery: 'The gallery: 1 to 32 of a-z, 0-9 and -.',
  subject: 'The pseudonymous id of an enrolled person: 1 to 32 of a-z, 0-9 and -.',
  n: 'Number of the template among those of the subject.',
} as const;

/**
 * Every topic that a station publishes or reads. docs/mqtt.md and config/asyncapi.yaml say the same; tests compare the
 * table with src/broker/topics.ts and with what a station does.
 */
export const contractTopics: readonly ContractTopic[] = [
  {
    key: 'state',
    address: `${station}/state`,
    ...said,
    ...kept,
    payload: 'state',
    summary: 'whether it works; also the will',
  },
  {
    key: 'info',
    address: `${station}/info`,
    ...said,
    ...kept,
    payload: 'info',
    summary: 'what it is: versions, board, models, gallery',
  },
  {
    key: 'health',
    address: `${station}/health`,
    ...said,
    ...passing,
    payload: 'health',
    summary: 'how the machine is, every 60 s and with each session',
  },
  {
    key: 'checkin',
    address: `${station}/checkin`,
    ...said,
    ...once,
    payload: 'checkin',
    summary: 'one event for each decision',
  },
  {
    key: 'metrics',
    address: `${station}/metrics`,
    ...said,
    ...passing,
    payload: 'metrics',
    summary: 'counts, rates and latencies, every 10 s',
  },
  {
    key: 'summary',
    address: `${station}/summary`,
    ...said,
    ...once,
    payload: 'summary',
    summary: 'the counts of a day',
  },
  {
    key: 'verification',
    address: `${station}/verification`,
    ...said,
    ...once,
    payload: 'verification',
    summary: 'two photos were compared over HTTP',
  },
  {
    key: 'alert',
    address: `${station}/alert/{id}`,
    ...said,
    ...kept,
    payload: 'alert',
    summary: 'something that a person should know of',
    empty: 'clears the alert',
  },
  {
    key: 'cmd',
    address: `${station}/cmd/{name}`,
    ...asked,
    ...once,
    payload: 'cmd',
    summary: 'a command',
  },
  {
    key: 'res',
    address: `${station}/res/{name}`,
    ...said,
    ...once,
    payload: 'res',
    summary: 'how far a command is, and its answer',
    readers: 'desk',
  },
  {
    key: 'configDesired',
    address: `${station}/config/desired`,
    ...asked,
    ...kept,
    payload: 'config-desired',
    summary: 'settings of the station',
    empty: 'withdraws the settings',
  },
  {
    key: 'siteConfigDesired',
    address: `${site}/config/desired`,
    ...asked,
    ...kept,
    payload: 'config-desired',
    summary: 'settings of every station of the site',
    readers: 'every station',
    empty: 'withdraws the settings',
  },
  {
    key: 'configReported',
    address: `${station}/config/reported`,
    ...said,
    ...kept,
    payload: 'config-reported',
    summary: 'what became of the settings, and what is in force',
    readers: 'desk',
  },
  {
    key: 'ack',
    address: `${station}/ack`,
    ...asked,
    ...once,
    payload: 'ack',
    summary: 'a consumer has these events',
    writers: 'one consumer',
  },
  {
    key: 'galleryManifest',
    address: `${gallery}/manifest`,
    ...asked,
    ...kept,
    payload: 'gallery-manifest',
    summary: 'what the set of templates is, signed',
    writers: 'publisher of the gallery',
    readers: 'every station',
    empty: 'withdraws the set; stations keep what they have',
  },
  {
    key: 'galleryTemplate',
    address: `${gallery}/t/{subject}/{n}`,
    ...asked,
    ...kept,
    payload: 'gallery-template',
    summary: 'one template',
    writers: 'publisher of the gallery',
    readers: 'every station',
    empty: 'deletes the template',
  },
  {
    key: 'galleryReported',
    address: `${station}/gallery/reported`,
    ...said,
    ...kept,
    payload: 'gallery-reported',
    summary: 'which gallery is in use, or why none is taken',
    readers: 'desk',
  },
];
