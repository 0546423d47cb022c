import { parseHTML } from 'linkedom';

/** Of a chart, px. */
export const chartWidth = 860;

/** Of every panel: what Plot draws into, and how it looks. */
export function panelBasis() {
  const { document } = parseHTML('<!doctype html><html></html>');
  return {
    document,
    width: chartWidth,
    marginLeft: 52,
    marginTop: 34,
    style: { fontSize: '12px', background: 'white', color: '#222' },
  };
}

/** Panels of one height, one below the other, with a title above them, as one SVG. */
export function stackPanels(
  panels: readonly (SVGSVGElement | HTMLElement)[],
  { panelHeight, title }: { readonly panelHeight: number; readonly title?: string },
): string {
  const top = title === undefined ? 0 : 26;
  const parts = panels.map((panel, i) => {
    panel.setAttribute('y', `${top + i * panelHeight}`);
    return panel.outerHTML;
  });
  const head = title === undefined ? '' : `<text x="16" y="20" font-size="13" fill="#222">${title}</text>\n`;
  const height = top + panels.length * panelHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${chartWidth}" height="${height}" viewBox="0 0 ${chartWidth} ${height}" font-family="system-ui, sans-serif">
<rect width="100%" height="100%" fill="white"/>
${head}${parts.join('\n')}
</svg>
`;
}
