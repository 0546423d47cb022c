/** The topics of one station, below `muster/1/<site>/<station>`; 1 is the major version of the contract. */
export function stationTopics({ site, station }: { readonly site: string; readonly station: string }) {
  const root = `muster/1/${site}/${station}`;
  return {
    root,
    state: `${root}/state`,
    info: `${root}/info`,
    health: `${root}/health`,
    checkin: `${root}/checkin`,
    metrics: `${root}/metrics`,
    verification: `${root}/verification`,
    summary: `${root}/summary`,
    alert: (id: string) => `${root}/alert/${id}`,
    ack: `${root}/ack`,
    galleryReported: `${root}/gallery/reported`,
    cmd: (name: string) => `${root}/cmd/${name}`,
    res: (name: string) => `${root}/res/${name}`,
    configDesired: `${root}/config/desired`,
    /** For every station of the site. */
    siteConfigDesired: `muster/1/${site}/config/desired`,
    configReported: `${root}/config/reported`,
  } as const;
}

export type StationTopics = ReturnType<typeof stationTopics>;

/** What a bridge says of itself, below `muster/1/<site>/bridge/<name>`. */
export function bridgeTopics({ site, name }: { readonly site: string; readonly name: string }) {
  const root = `muster/1/${site}/bridge/${name}`;
  return { root, state: `${root}/state`, health: `${root}/health` } as const;
}

export type BridgeTopics = ReturnType<typeof bridgeTopics>;

export const bridgedKinds = ['checkin', 'metrics', 'health'] as const;
export type BridgedKind = (typeof bridgedKinds)[number];

/**
 * The filters of what a bridge takes.
 *
 * @param site null for all sites
 * @param group of the bridges that share the messages; null for a bridge that takes them all
 */
export function bridgeFilters(site: string | null, group: string | null): readonly string[] {
  const prefix = group === null ? '' : `$share/${group}/`;
  return bridgedKinds.map((kind) => `${prefix}muster/1/${site ?? '+'}/+/${kind}`);
}

const bridged = new RegExp(
  `^muster/1/([a-z0-9-]{1,32})/(?!(?:config|gallery|bridge)/)([a-z0-9-]{1,32})/(${bridgedKinds.join('|')})$`,
);

export interface BridgedTopic {
  readonly site: string;
  readonly station: string;
  readonly kind: BridgedKind;
}

/** Whose topic it is and what comes there; null for any other topic. */
export function readBridgedTopic(topic: string): BridgedTopic | null {
  const [, site, station, kind] = bridged.exec(topic) ?? [];
  if (site === undefined || station === undefined || kind === undefined) return null;
  return { site, station, kind: kind as BridgedKind };
}

/** The topics of one gallery, which the stations of a site share. */
export function galleryTopics(site: string, name: string) {
  const root = `muster/1/${site}/gallery/${name}`;
  const prefix = `${root}/t/`;
  return {
    manifest: `${root}/manifest`,
    /** Filter of all templates. */
    templates: `${prefix}+/+`,
    template: (subject: string, n: number) => `${prefix}${subject}/${n}`,
    /** `<subject>/<n>` of a template's topic; null for another topic. It comes from outside: nothing of it is checked. */
    keyOf: (topic: string) => (topic.startsWith(prefix) ? topic.slice(prefix.length) : null),
  } as const;
}

export type GalleryTopics = ReturnType<typeof galleryTopics>;
