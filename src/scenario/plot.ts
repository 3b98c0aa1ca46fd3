/** An axis of a plot: what it shows, in which unit, and how values are spread along it. */
export interface Axis {
  readonly label: string;
  readonly unit?: string;
  /** `log2` and `log10` want values above 0; they differ in where the ticks are. Default `linear`. */
  readonly scale?: 'linear' | 'log2' | 'log10';
  /** Lowest and highest value shown; by default those of the data, and 0 on linear axes. */
  readonly from?: number;
  readonly to?: number;
}

/** Values over values, one line a series. */
export interface LinePlot {
  readonly kind: 'line';
  /** Names the file. */
  readonly name: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly {
    readonly label: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
  /** Horizontal lines to compare with, such as a ceiling. */
  readonly references?: readonly { readonly label: string; readonly y: number }[];
}

/** One group of bars a category, one bar a series; stacked, one bar a category. */
export interface BarPlot {
  readonly kind: 'bar';
  readonly name: string;
  readonly title: string;
  readonly categories: readonly string[];
  readonly y: Axis;
  readonly series: readonly { readonly label: string; readonly values: readonly number[] }[];
  readonly stacked?: boolean;
  readonly references?: readonly { readonly label: string; readonly y: number }[];
}

/** A plot as plain data; src/report/svg-plot.ts draws it. */
export type Plot = LinePlot | BarPlot;
