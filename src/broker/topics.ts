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
  } as const;
}

export type StationTopics = ReturnType<typeof stationTopics>;
