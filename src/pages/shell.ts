import { createHash } from 'node:crypto';
import { html, trusted, type Html } from '../document/html.ts';
import type { Assets } from './assets.ts';

/** One page: its script draws it. */
export interface Page {
  readonly path: string;
  readonly title: string;
  /** One line for the index. */
  readonly line: string;
  /** Its module and sheet below `/assets/<version>/`; every page has style.css. */
  readonly script: string;
  readonly sheet?: string;
}

export const pages: readonly Page[] = [
  {
    path: '/kiosk',
    title: 'Kiosk',
    line: 'The screen at the door: what to do now, and the answer.',
    script: 'kiosk/main.js',
  },
  {
    path: '/operator',
    title: 'Operator',
    line: 'Health, live events, charts, enrolment, settings, alerts and log of this station.',
    script: 'operator/main.js',
    sheet: 'uplot.css',
  },
  {
    path: '/compare',
    title: 'Compare',
    line: 'Do two photos show the same person? Boxes, crops and distance.',
    script: 'compare/main.js',
  },
];

const elsewhere = [
  { path: '/docs', title: 'API', line: 'Every route of the HTTP API, to read and to try.' },
  { path: '/metrics', title: 'Metrics', line: 'Figures for Prometheus.' },
];

/** A page's document. Nothing in it is of a person, so that it may be served without a token. */
export function shell(page: Page, assets: Assets): string {
  const at = `/assets/${assets.version}`;
  const sheet =
    page.sheet === undefined ? html`` : html`<link rel="stylesheet" href="${at}/${page.sheet}" />`;
  return documentOf(
    page.title,
    assets,
    html`${trusted(`<script type="importmap">${importMap(assets)}</script>`)}
      <script type="module" src="${at}/${page.script}"></script>
      ${sheet}`,
    html`<div id="app"></div>
      <noscript><p class="plain">This page needs JavaScript, which is switched off.</p></noscript>`,
  );
}

/** The front page, which needs no script. */
export function index(assets: Assets): string {
  const entry = ({ path, title, line }: Pick<Page, 'path' | 'title' | 'line'>) =>
    html`<li>
      <a href="${path}"><strong>${title}</strong><span>${line}</span></a>
    </li> `;
  return documentOf(
    'Station',
    assets,
    html``,
    html`<main class="index">
      <h1>Muster</h1>
      <p>A face check-in station. What it sees stays on this device.</p>
      <nav aria-label="Pages">
        <ul>
          ${[...pages, ...elsewhere].map(entry)}
        </ul>
      </nav>
    </main>`,
  );
}

/**
 * Only what the station itself serves, no inline script but the import map, no eval, no frame around it. Photos that a
 * person chose are shown from memory (blob:), and crops come inside the answers (data:).
 */
export function contentSecurityPolicy(assets: Assets): string {
  const map = createHash('sha256').update(importMap(assets)).digest('base64');
  return [
    `default-src 'none'`,
    `script-src 'self' 'sha256-${map}'`,
    `style-src 'self'`,
    `img-src 'self' blob: data:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}

function importMap({ imports }: Assets): string {
  return JSON.stringify({ imports });
}

function documentOf(title: string, { version }: Assets, head: Html, body: Html): string {
  const at = `/assets/${version}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="muster-version" content="${version}" />
        <title>${title} · Muster</title>
        <link rel="icon" href="${at}/icon.svg" type="image/svg+xml" />
        <link rel="preload" href="${at}/inter.woff2" as="font" type="font/woff2" crossorigin />
        <link rel="stylesheet" href="${at}/style.css" />
        ${head}
      </head>
      <body>
        ${body}
      </body>
    </html> `;
  return page.html;
}
