import { html, type Html } from '../document/html.ts';
import { colours, figure, fixed, section, table, type Cell } from '../document/parts.ts';
import { histogramChart, ratesChart, searchesChart } from './charts.ts';
import type { Calibration, SubjectFigures } from './contract.ts';
import { rateWords } from './words.ts';

/** So many people and photos of a kind are named; the JSON document has them all. */
const mostNamed = 20;

export function rateSection(data: Calibration): Html {
  const rows = data.rates.map(({ wished_fmr, threshold, fnmr }): Cell[] => [
    rateWords(wished_fmr),
    threshold.toFixed(3),
    rateWords(fnmr),
  ]);
  return section(
    'FMR and FNMR by threshold',
    'FMR is the share of non-mated comparisons (two people) that match, FNMR the share of mated ones (one person) that do not. The grey band is the interval of the threshold, the dotted line the FMR that was wished for.',
    figure(ratesChart(data), [
      ['FMR', colours.watch],
      ['FNMR', colours.plain],
      ['recommended threshold', colours.limit, true],
    ]),
    table(['FMR at most', 'threshold', 'FNMR'], rows),
  );
}

export function scoreSection(data: Calibration): Html {
  const { histogram } = data;
  const rows = histogram.from.flatMap((from, i): Cell[][] => {
    const [mated, other] = [histogram.mated[i]!, histogram.non_mated[i]!];
    return mated + other === 0 ? [] : [[`from ${from.toFixed(2)}`, mated, other]];
  });
  return section(
    'Similarities',
    `${data.comparisons.mated.toLocaleString('en')} mated and ${data.comparisons.non_mated.toLocaleString('en')} non-mated comparisons, each kind in shares of its own.`,
    figure(histogramChart(data), [
      ['mated', colours.plain],
      ['non-mated', colours.watch],
      ['recommended threshold', colours.limit, true],
    ]),
    table(['similarity', 'mated', 'non-mated'], rows),
  );
}

export function searchSection(data: Calibration): Html {
  const rows = data.searches.map(({ size, estimated_fpir, simulated }): Cell[] => [
    size.toLocaleString('en'),
    rateWords(estimated_fpir),
    simulated === null ? null : rateWords(simulated.fpir.value),
    simulated === null ? null : rateWords(simulated.fnir.value),
    simulated === null ? null : rateWords(simulated.misidentified),
  ]);
  return section(
    'Searches of a gallery',
    'A capture is compared with everybody enrolled, so false positives grow with the gallery. The dashed line is the estimate 1 − (1 − FMR)^templates; the dots are galleries drawn from these photos and searched at the recommended threshold and margin, with the range of 95 % of them.',
    figure(searchesChart(data), [
      ['estimated from the FMR', colours.watch, true],
      ['simulated', colours.plain],
    ]),
    table(['people', 'FPIR, estimated', 'FPIR, simulated', 'FNIR', 'as another'], rows),
  );
}

export function subjectSections({ subjects }: Calibration): Html[] {
  const alike = worst(subjects, ({ highest_non_mated }) => -(highest_non_mated ?? -1));
  const hard = worst(
    subjects.filter(({ lowest_mated }) => lowest_mated !== null),
    ({ lowest_mated }) => lowest_mated ?? 1,
  );
  return [
    html`<section>
      <h2>People who are easily taken for another</h2>
      <p class="quiet">Those with the highest non-mated similarities. Check that they are two people.</p>
      ${table(
        ['person', 'most like', 'similarity', 'false matches', 'photos'],
        alike.map((each) => [
          each.subject,
          each.nearest,
          fixed(each.highest_non_mated, 3),
          each.false_matches,
          each.photos,
        ]),
      )}
    </section>`,
    html`<section>
      <h2>People who are hardly recognised</h2>
      <p class="quiet">
        Those with the lowest mated similarities. Enrol more of their photos, taken at the door.
      </p>
      ${table(
        ['person', 'lowest mated similarity', 'false non-matches', 'photos'],
        hard.map((each) => [each.subject, fixed(each.lowest_mated, 3), each.false_non_matches, each.photos]),
      )}
    </section>`,
  ];
}

function worst(subjects: readonly SubjectFigures[], of: (each: SubjectFigures) => number): SubjectFigures[] {
  return subjects.toSorted((a, b) => of(a) - of(b)).slice(0, mostNamed);
}

export function suspectSection({ suspects }: Calibration): Html {
  if (suspects.length === 0) return html``;
  return html`<section>
    <h2>Photos that look mislabelled</h2>
    <p class="quiet">
      duplicate: the same photo is under two names; like_other: two people so alike that they may be one;
      unlike_own: a photo that matches none of the person's others.
    </p>
    ${table(
      ['photo', 'finding', 'other', 'similarity'],
      suspects
        .slice(0, mostNamed)
        .map(({ file, code, other, similarity }) => [file, code, other, fixed(similarity, 3)]),
    )}
  </section>`;
}

export function failureSection({ failures, people }: Calibration): Html {
  if (failures.length === 0) return html``;
  return html`<section>
    <h2>Photos of no use</h2>
    <p class="quiet">
      ${people.fta} failures to acquire: no face, an unreadable file, or a face that the station's gates
      reject.
    </p>
    ${table(
      ['photo', 'reason'],
      failures.slice(0, mostNamed).map(({ file, message }) => [file, message]),
    )}
  </section>`;
}
