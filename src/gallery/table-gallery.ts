import type { Gallery } from './contract.ts';
import { search } from './search.ts';
import { templatesOf, type TemplateTable } from './template-table.ts';

type OfTable = Pick<Gallery, 'dimension' | 'subjects' | 'templates' | 'search' | 'searchEach' | 'list'>;

/** The part of a gallery that is made of its templates. */
export function galleryOfTable(table: TemplateTable): OfTable {
  const { dimension, subjects, numbers } = table;
  const searchEach: Gallery['searchEach'] = (probes, count) =>
    Promise.resolve(probes.map((probe) => search(table, probe, count)));
  return {
    dimension,
    subjects: subjects.length,
    templates: numbers.length,
    search: async (probe, count) => (await searchEach([probe], count))[0] ?? [],
    searchEach,
    list: () => templatesOf(table),
  };
}
