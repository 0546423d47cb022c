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
