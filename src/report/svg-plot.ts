import type { Axis, BarPlot, LinePlot, Plot } from '../scenario/plot.js';
import { type Scale, scaleOf, tickText } from './svg-ticks.js';

const WIDTH = 760;
const HEIGHT = 440;
/** The frame of the data, px. */
const FRAME = { left: 76, right: 24, top: 56, bottom: 62 } as const;
/** Width of a letter of the legend at its size, px; a little more than sans-serif fonts take. */
const LETTER = 6.6;
const LEGEND_ROW = 20;
const FONT = 'font-family="system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif"';
/** Colours that colour-blind readers tell apart (Okabe and Ito, 2008), and a mark for each. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f', '#000000'];
const MARKS = ['circle', 'square', 'triangle', 'diamond'] as const;

/**
 * Draws a plot as an SVG document of its own. The same plot gives the same bytes. Series take colours and marks in order;
 * the legend stands below the title, reference lines are dashed and labelled at their right end.
 * @throws RangeError for a plot without values, or values that a logarithmic axis cannot show
 */
export function svgPlot(plot: Plot): string {
  const legend = legendRows(plot.series.map(({ label }) => label));
  const top = FRAME.top + (plot.series.length > 1 ? legend.length * LEGEND_ROW : 0);
  const area: Area = {
    left: FRAME.left,
    top,
    width: WIDTH - FRAME.left - FRAME.right,
    height: HEIGHT - top - FRAME.bottom,
  };
  const parts = plot.kind === 'line' ? linePlot(plot, area) : barPlot(plot, area);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escape(plot.title)}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<g ${FONT} font-size="12" fill="#333333">
<text x="${FRAME.left}" y="30" font-size="16" font-weight="600" fill="#111111">${escape(plot.title)}</text>
${plot.series.length > 1 ? `${drawLegend(plot, legend)}\n` : ''}${parts.join('\n')}
</g>
</svg>
`;
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function linePlot(plot: LinePlot, area: Area): string[] {
  const points = plot.series.flatMap((s) => s.points);
  if (points.length === 0) throw new RangeError(`${plot.name}: a plot must have points, got none`);
  const x = scaleOf(
    plot.x,
    points.map((p) => p[0]),
  );
  const y = yScale(
    plot,
    points.map((p) => p[1]),
  );
  const px = (value: number): number => area.left + x.at(value) * area.width;
  const py = (value: number): number => area.top + (1 - y.at(value)) * area.height;
  const ticks = x.ticks.map((tick) => {
    const at = coordinate(px(tick));
    const bottom = area.top + area.height;
    return `<path d="M${at} ${bottom}v5" stroke="#888888"/><text x="${at}" y="${bottom + 19}" text-anchor="middle">${tickText(tick, x.to)}</text>`;
  });
  const lines = plot.series.map((s, i) => {
    const path = s.points
      .map(([vx, vy], k) => `${k === 0 ? 'M' : 'L'}${coordinate(px(vx))} ${coordinate(py(vy))}`)
      .join('');
    const marks = s.points.map(([vx, vy]) => mark(i, px(vx), py(vy))).join('');
    return `<g><path d="${path}" fill="none" stroke="${colour(i)}" stroke-width="2" stroke-linejoin="round"/>${marks}</g>`;
  });
  return [...frame(plot.y, y, area), ...ticks, xLabel(plot.x, area), ...references(plot, y, area), ...lines];
}

function barPlot(plot: BarPlot, area: Area): string[] {
  const { categories, series } = plot;
  if (categories.length === 0 || series.length === 0)
    throw new RangeError(`${plot.name}: a plot must have categories and series, got none`);
  const stacked = plot.stacked === true;
  const y = yScale(
    plot,
    stacked
      ? categories.map((_, c) => series.reduce((sum, s) => sum + (s.values[c] ?? 0), 0))
      : series.flatMap((s) => s.values),
  );
  const bottom = area.top + area.height;
  const py = (value: number): number => bottom - Math.max(0, Math.min(1, y.at(value))) * area.height;
  const base = plot.y.scale === undefined || plot.y.scale === 'linear' ? py(Math.max(0, y.from)) : bottom;
  const slot = area.width / categories.length;
  const room = Math.min(slot * 0.76, 160);
  const barWidth = stacked ? Math.min(room, 64) : room / series.length;
  const bars = categories.flatMap((_, c) => {
    const middle = area.left + slot * (c + 0.5);
    let below = 0;
    return series.map((s, i) => {
      const value = s.values[c] ?? 0;
      const left = stacked ? middle - barWidth / 2 : middle - room / 2 + i * barWidth;
      const from = stacked ? py(below) : base;
      const to = py(stacked ? below + value : value);
      below += value;
      const gap = stacked ? 0 : Math.min(2, barWidth * 0.1);
      return `<rect x="${coordinate(left + gap / 2)}" y="${coordinate(Math.min(from, to))}" width="${coordinate(barWidth - gap)}" height="${coordinate(Math.abs(from - to))}" fill="${colour(i)}"/>`;
    });
  });
  const labels = categories.map(
    (category, c) =>
      `<text x="${coordinate(area.left + slot * (c + 0.5))}" y="${bottom + 19}" text-anchor="middle">${escape(category)}</text>`,
  );
  return [...frame(plot.y, y, area), ...bars, ...labels, ...references(plot, y, area)];
}

function yScale(plot: Plot, values: readonly number[]): Scale {
  return scaleOf(plot.y, [...values, ...(plot.references ?? []).map((reference) => reference.y)]);
}

/** Grid, ticks and label of the vertical axis, and the base line. */
function frame(axis: Axis, y: Scale, area: Area): string[] {
  const right = area.left + area.width;
  const lines = y.ticks.map((tick) => {
    const at = coordinate(area.top + (1 - y.at(tick)) * area.height);
    return `<path d="M${area.left} ${at}H${right}" stroke="#e4e4e4"/><text x="${area.left - 9}" y="${at}" dy="0.35em" text-anchor="end">${tickText(tick, y.to)}</text>`;
  });
  const middle = area.top + area.height / 2;
  return [
    ...lines,
    `<path d="M${area.left} ${area.top + area.height}H${right}" stroke="#888888"/>`,
    `<text transform="translate(20 ${coordinate(middle)}) rotate(-90)" text-anchor="middle" font-size="13">${escape(axisText(axis))}</text>`,
  ];
}

const xLabel = (axis: Axis, area: Area): string =>
  `<text x="${coordinate(area.left + area.width / 2)}" y="${HEIGHT - 16}" text-anchor="middle" font-size="13">${escape(axisText(axis))}</text>`;

const axisText = ({ label, unit }: Axis): string => (unit === undefined ? label : `${label} [${unit}]`);

function references(plot: Plot, y: Scale, area: Area): string[] {
  return (plot.references ?? []).map((reference) => {
    const at = coordinate(area.top + (1 - y.at(reference.y)) * area.height);
    const right = area.left + area.width;
    return `<path d="M${area.left} ${at}H${right}" stroke="#555555" stroke-dasharray="6 4"/><text x="${right}" y="${at}" dy="-0.45em" text-anchor="end" fill="#555555">${escape(reference.label)}</text>`;
  });
}

/** Labels of the legend, broken into rows that fit. */
function legendRows(labels: readonly string[]): readonly (readonly number[])[] {
  const rows: number[][] = [[]];
  let used = 0;
  labels.forEach((label, i) => {
    const width = entryWidth(label);
    if (used + width > WIDTH - FRAME.left - FRAME.right && used > 0) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(i);
    used += width;
  });
  return rows;
}

const entryWidth = (label: string): number => 26 + label.length * LETTER + 14;

function drawLegend(plot: Plot, rows: readonly (readonly number[])[]): string {
  return rows
    .flatMap((row, r) => {
      let left = FRAME.left;
      const y = 50 + r * LEGEND_ROW;
      return row.map((i) => {
        const { label } = plot.series[i]!;
        const x = left;
        left += entryWidth(label);
        const swatch =
          plot.kind === 'line'
            ? `<path d="M${coordinate(x)} ${y}h20" stroke="${colour(i)}" stroke-width="2"/>${mark(i, x + 10, y)}`
            : `<rect x="${coordinate(x + 3)}" y="${y - 6}" width="14" height="12" fill="${colour(i)}"/>`;
        return `${swatch}<text x="${coordinate(x + 26)}" y="${y}" dy="0.35em">${escape(label)}</text>`;
      });
    })
    .join('\n');
}

/** A series' mark, white-rimmed so that it stands out where lines cross. */
function mark(series: number, x: number, y: number): string {
  const style = `fill="${colour(series)}" stroke="#ffffff"`;
  const [cx, cy] = [coordinate(x), coordinate(y)];
  switch (MARKS[series % MARKS.length]!) {
    case 'circle':
      return `<circle cx="${cx}" cy="${cy}" r="4" ${style}/>`;
    case 'square':
      return `<rect x="${coordinate(x - 3.6)}" y="${coordinate(y - 3.6)}" width="7.2" height="7.2" ${style}/>`;
    case 'triangle':
      return `<path d="M${cx} ${coordinate(y - 4.6)}l4.4 8h-8.8z" ${style}/>`;
    case 'diamond':
      return `<path d="M${cx} ${coordinate(y - 5)}l5 5l-5 5l-5 -5z" ${style}/>`;
  }
}

const colour = (series: number): string => COLOURS[series % COLOURS.length]!;
/** Two digits are a hundredth of a pixel, and the same on every machine. */
const coordinate = (value: number): string => String(Number(value.toFixed(2)));
const escape = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
