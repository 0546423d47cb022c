import { html, trusted, type Html } from './html.ts';
import { style } from './style.ts';

export interface PageParts {
  readonly title: string;
  readonly header: Html;
  readonly main: readonly Html[];
  readonly footer: Html;
}

/**
 * A page as one file: no script, and nothing from elsewhere, so that it can be mailed and kept. The policy in its
 * head has the browser refuse both, whatever should get into the data.
 */
export function documentOf({ title, header, main, footer }: PageParts): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <header>${header}</header>
        <main>${main}</main>
        <footer>${footer}</footer>
      </body>
    </html> `;
  return page.html;
}

/** The figures that are read first; each a name and what it is. */
export function tiles(figures: readonly (readonly [name: string, figure: string])[]): Html {
  return html`<dl class="tiles">
    ${figures.map(
      ([name, figure]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${figure}</dd>
        </div>`,
    )}
  </dl>`;
}
