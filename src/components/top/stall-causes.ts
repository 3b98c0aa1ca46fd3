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

/** What the controller sees of the array's input in a cycle, all registers. */
export interface IssueView {
  readonly configuring: boolean;
  readonly aValid: boolean;
  readonly bValid: boolean;
  /** The address generators hold no work entry, no read is under way, no slice waits. */
  readonly drained: boolean;
  /** Every work entry of the layer was handed over; or one is on the port now. */
  readonly allGiven: boolean;
  readonly handsOver: boolean;
  /** The first panel of the entry to come is loaded. */
  readonly panelLoaded: boolean;
  /** The A engine has an entry and awaits a panel. */
  readonly awaitsPanel: boolean;
  readonly ready: boolean;
  readonly room: boolean;
}

const at = (cause: StallCause): number => STALL_CAUSES.indexOf(cause);
const [CONTROL, TAIL, DRAM_A, WAIT_A, DRAM_B, WAIT_B, OUTPUT, DRAIN, ISSUE] = [
  at('control'),
  at('tail'),
  at('dramA'),
  at('waitA'),
  at('dramB'),
  at('waitB'),
  at('output'),
  at('drain'),
  at('issue'),
] as const;

/**
 * Index of the first true cause. Without work in the address generators, the entry to come is what is waited for: its
 * panel first, which loads first, then its band; an entry that is being handed over is loaded, so its cycle is a wait.
 */
export function causeOf(view: IssueView): number {
  if (view.configuring) return CONTROL;
  if (view.drained) {
    if (view.handsOver) return WAIT_B;
    if (view.allGiven) return TAIL;
    return view.panelLoaded ? DRAM_B : DRAM_A;
  }
  if (!view.aValid) return view.awaitsPanel ? DRAM_A : WAIT_A;
  if (!view.bValid) return WAIT_B;
  if (!view.ready) return view.room ? DRAIN : OUTPUT;
  return ISSUE;
}
