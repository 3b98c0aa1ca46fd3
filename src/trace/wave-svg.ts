import { createRequire } from 'node:module';

interface WaveDrom {
  readonly waveSkin: unknown;
  readonly onml: { stringify(tree: unknown): string };
  renderAny(index: number, source: unknown, skin: unknown): unknown;
}

/** A drawing in WaveDrom's language (WaveJSON) as an SVG document. */
export function waveSvg(drawing: object): string {
  const { renderAny, waveSkin, onml } = createRequire(import.meta.url)('wavedrom') as WaveDrom;
  // The renderer writes into its source.
  return `${onml.stringify(renderAny(0, structuredClone(drawing), waveSkin))}\n`;
}
