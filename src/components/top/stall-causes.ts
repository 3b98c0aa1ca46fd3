/**
 * Why a cycle did or did not issue a slice; the first that is true counts, so that the causes of a layer add up to its
 * cycles. Source: the machine contract, section 9.
 */
export const STALL_CAUSES = [
  'control',
  'tail',
  'dramA',
  'waitA',
  'dramB',
  'waitB',
  'output',
  'drain',
  'issue',
] as const;
export type StallCause = (typeof STALL_CAUSES)[number];

/** What each cause means, for reports. */
export const STALL_MEANINGS: Readonly<Record<StallCause, string>> = {
  control: 'configuring the layer, or done with it',
  tail: 'no slice left in the layer: results drain, pool and are written',
  dramA: 'no slice of A: its panel is not loaded yet',
  waitA: 'no slice of A, though its panel is loaded',
  dramB: 'no slice of B: its band is not loaded yet',
  waitB: 'no slice of B, though its band is loaded',
  output: "a tile's last slice is held: its results have no room",
  drain: "a tile's last slice is held: the previous tile still drains",
  issue: 'a slice entered the array',
};

/** What the controller sees of the array's input in a cycle. */
export interface IssueView {
  readonly configuring: boolean;
  /** The address generators have made their last read. */
  readonly readsDone: boolean;
  readonly aValid: boolean;
  readonly bValid: boolean;
  /** The A engine awaits a panel; the B engine has no band. */
  readonly awaitsPanel: boolean;
  readonly awaitsBand: boolean;
  readonly ready: boolean;
  readonly room: boolean;
}

/** Index of the first true cause. */
export function causeOf(view: IssueView): number {
  if (view.configuring) return 0;
  if (!view.aValid && !view.bValid && view.readsDone) return 1;
  // An A engine without work waits for the band that its work comes with.
  if (!view.aValid) return view.awaitsPanel ? 2 : view.awaitsBand ? 4 : 3;
  if (!view.bValid) return view.awaitsBand ? 4 : 5;
  if (!view.ready) return view.room ? 7 : 6;
  return 8;
}
