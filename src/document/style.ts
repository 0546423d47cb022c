/** The report's style sheet: light and dark as the reader's screen is set, a phone's width, and paper. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1b1f24; --quiet: #59636e; --line: #d7dce1;
  --good: #0a8f5b; --watch: #c85a00; --plain: #0b6bb5;
  --c1: #0b6bb5; --c2: #c85a00; --c3: #0a8f5b; --c4: #a8478a; --c5: #8a6d00; --c6: #4b53bc; --c7: #a33b3b; --c8: #4f6b7a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --card: #1b2128; --text: #e6eaee; --quiet: #9aa6b2; --line: #323b45;
    --good: #3ecb93; --watch: #ff9a4d; --plain: #5ab0f2;
    --c1: #5ab0f2; --c2: #ff9a4d; --c3: #3ecb93; --c4: #e394c8; --c5: #e3c04b; --c6: #9aa2ff; --c7: #f08585; --c8: #a5bccb;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; }
p { margin: 0 0 .75rem; }
.quiet, footer { color: var(--quiet); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0; padding: 0; }
.tiles > div, section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tiles > div { padding: .75rem 1rem; }
.tiles dt { color: var(--quiet); font-size: .9rem; }
.tiles dd { margin: 0; font-size: 1.6rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
section { padding: 1rem; margin: 0 0 1rem; }
.both { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; align-items: start; }
.both > * { min-width: 0; }
pre { margin: 0 0 .75rem; padding: .5rem .75rem; font-size: .9rem; }
figure { margin: 0; }
.wide { display: none; }
svg { --plot-background: transparent; width: 100%; height: auto; display: block; overflow: visible; }
figure ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0 0; padding: 0; font-size: .9rem; }
figure li::before { content: ""; display: inline-block; width: 1.4rem; margin-right: .4rem; vertical-align: middle; border-top: .25rem solid var(--key); }
figure li.dashed::before { border-top-style: dashed; border-top-width: .15rem; }
.scroll { overflow: auto; max-height: 17rem; border: 1px solid var(--line); border-radius: .4rem; }
.scroll:focus-visible { outline: 2px solid var(--plain); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
thead th { position: sticky; top: 0; background: var(--card); color: var(--quiet); font-weight: 600; box-shadow: 0 1px var(--line); border: 0; }
tbody th { font-weight: 500; }
tbody tr:last-child > * { border-bottom: 0; }
footer { padding-bottom: 2rem; font-size: .9rem; }
@media (max-width: 26rem) { table { font-size: .8rem; } th, td { padding: .3rem .35rem; } }
@media (min-width: 44rem) { .wide { display: block; } .narrow { display: none; } }
@media (min-width: 64rem) { .both { grid-template-columns: minmax(0, 1fr) 20rem; } }
@media (min-width: 80rem) { .both { grid-template-columns: minmax(0, 1fr) 28rem; } }
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --quiet: #444; --line: #bbb; --good: #0a8f5b; --watch: #c85a00; --plain: #0b6bb5;
    --c1: #0b6bb5; --c2: #c85a00; --c3: #0a8f5b; --c4: #a8478a; --c5: #8a6d00; --c6: #4b53bc; --c7: #a33b3b; --c8: #4f6b7a;
  }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .wide { display: block; } .narrow { display: none; }
  .both { grid-template-columns: minmax(0, 1fr); }
  .scroll { max-height: none; overflow: visible; }
  thead th { position: static; }
  figure, tr, .tiles > div { break-inside: avoid; }
  h2 { break-after: avoid; }
}`;
