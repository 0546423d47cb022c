import { isoTime, type EpochMs } from '../lib/clock.ts';
import { packageVersion } from '../lib/package.ts';
import { documentOf, tiles } from '../document/page.ts';
import { html, trusted, type Html } from '../document/html.ts';
import type { Calibration } from './contract.ts';
import { mqttPatch, yamlPatch } from './patch.ts';
import {
  failureSection,
  rateSection,
  scoreSection,
  searchSection,
  subjectSections,
  suspectSection,
} from './sections.ts';
import { rateWords, span } from './words.ts';

/**
 * The calibration as one file. It names the people as their folders do, since whoever calibrates has to find their photos; it
 * shows no photo and holds no embedding.
 */
export function calibrationPage(data: Calibration, madeAt: EpochMs): string {
  const { people, threshold, margin, fnmr, present } = data;
  const asked = data.searches.find(({ size }) => size === data.gallery_size);
  return documentOf({
    title: 'Muster calibration',
    header: html`<h1>Calibration</h1>
      <p class="quiet">
        ${people.photos} photos of ${people.subjects} people, FMR ${rateWords(data.fmr)} wished for, models
        ${data.fingerprint.slice(0, 24)}…
      </p>`,
    main: [
      tiles([
        ['Threshold', threshold.value.toFixed(3)],
        ['95 % interval', span(threshold, 3)],
        ['Margin', margin.value.toFixed(2)],
        ['FNMR there', rateWords(fnmr.value)],
        [`FPIR, ${data.gallery_size.toLocaleString('en')} people`, fpirWords(asked)],
        ['FTA', `${people.fta} of ${people.photos}`],
        ['FTE', `${people.fte} of ${people.subjects}`],
      ]),
      ...(data.warnings.length === 0 ? [] : [warningsOf(data.warnings)]),
      html`<section>
        <h2>Recommendation</h2>
        <p>
          The threshold is the smallest at which no more than ${rateWords(data.fmr)} of the
          ${data.comparisons.non_mated.toLocaleString('en')} non-mated comparisons match. Now the station uses
          ${present.threshold.toFixed(3)}, which has FMR ${rateWords(present.fmr)} and FNMR
          ${rateWords(present.fnmr)} on these photos, and a margin of ${present.margin}. The recommended
          margin, ${margin.value.toFixed(2)} (${span(margin, 2)}), costs ${rateWords(margin.cost)} of rightful
          acceptances. ${withoutSuspects(data)}
        </p>
        <p>For station.yaml:</p>
        <pre class="scroll" tabindex="0">${trusted(escapedBlock(yamlPatch(data)))}</pre>
        <p>For the topic config/desired of a station or of the site, with a rev above the last one:</p>
        <pre class="scroll" tabindex="0">${trusted(escapedBlock(mqttPatch(data)))}</pre>
      </section>`,
      rateSection(data),
      scoreSection(data),
      searchSection(data),
      ...subjectSections(data),
      suspectSection(data),
      failureSection(data),
    ],
    footer: html`<p>
      Made by muster ${packageVersion} at ${isoTime(madeAt)}. Intervals are of 95 %, by drawing people with
      replacement (500 times), as the comparisons of one person depend on each other. Terms are those of
      ISO/IEC 19795-1. This page names people as their folders do and shows no photo: keep it as you keep the
      photos.
    </p>`,
  });
}

function fpirWords(asked: Calibration['searches'][number] | undefined): string {
  if (asked === undefined) return '–';
  return asked.simulated === null
    ? `${rateWords(asked.estimated_fpir)} (estimate)`
    : rateWords(asked.simulated.fpir.value);
}

function withoutSuspects({ threshold_without_suspects: clean }: Calibration): string {
  return clean === null
    ? ''
    : `Without the photos that look mislabelled the threshold would be ${clean.toFixed(3)}.`;
}

function warningsOf(warnings: readonly string[]): Html {
  return html`<section>
    <h2>Before you use it</h2>
    <ul>
      ${warnings.map((warning) => html`<li>${warning}</li>`)}
    </ul>
  </section>`;
}

function escapedBlock(text: string): string {
  return html`${text}`.html;
}
