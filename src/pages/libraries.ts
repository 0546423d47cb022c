import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What of a package goes to the browser. */
export interface Library {
  /** The name under which the pages import it, or null for a file that is no module. */
  readonly specifier: string | null;
  /** Its name below `/assets/<version>/`. */
  readonly asset: string;
  readonly path: string;
}

const require = createRequire(import.meta.url);

/** The folder of an installed package. Its main file tells, since not every package exports its package.json. */
function folderOf(name: string): string {
  const main = require.resolve(name);
  return join(main.slice(0, main.lastIndexOf(join('node_modules', name))), 'node_modules', name);
}

/** Every file of a package that the pages use, and no other is served. They are the packages' own builds, unchanged. */
export function libraries(): Library[] {
  const preact = folderOf('preact');
  const uplot = folderOf('uplot');
  const font = dirname(require.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'));
  return [
    module('preact', join(preact, 'dist/preact.mjs')),
    module('preact/hooks', join(preact, 'hooks/dist/hooks.mjs')),
    module('preact/jsx-runtime', join(preact, 'jsx-runtime/dist/jsxRuntime.mjs')),
    module('eventsource-parser', join(folderOf('eventsource-parser'), 'dist/index.js')),
    module('uplot', join(uplot, 'dist/uPlot.esm.js')),
    { specifier: null, asset: 'uplot.css', path: join(uplot, 'dist/uPlot.min.css') },
    { specifier: null, asset: 'inter.woff2', path: join(font, 'inter-latin-wght-normal.woff2') },
  ];
}

function module(specifier: string, path: string): Library {
  return { specifier, asset: `lib/${specifier.replaceAll('/', '-')}.js`, path };
}
