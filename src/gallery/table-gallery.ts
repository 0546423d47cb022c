import type { Gallery } from './contract.ts';
import { createScan } from './scan/scan.ts';
import { checkProbe, search } from './search.ts';
import { templatesOf, type TemplateTable } from './template-table.ts';

type OfTable = Pick<Gallery, 'dimension' | 'subjects' | 'templates' | 'search' | 'searchEach' | 'list'>;

/** The part of a gallery that is made of its templates. */
export function galleryOfTable(table: TemplateTable): OfTable {
  const searchEach = searchOf(table);
  return {
    dimension: table.dimension,
    subjects: table.subjects.length,
    templates: table.numbers.length,
    search: async (probe, count) => (await searchEach([probe], count))[0] ?? [],
    searchEach,
    list: () => templatesOf(table),
  };
}

function searchOf(table: TemplateTable): Gallery['searchEach'] {
  const { scan } = table;
  if (scan === null) return async (probes, count) => probes.map((probe) => search(table, probe, count));
  const scanned = createScan({ ...table, scan });
  return async (probes, count) => {
    for (const probe of probes) checkProbe(table, probe);
    return await scanned.searchEach(probes, count);
  };
}
