/** Probes that a report needs from a trace, beside nets and transactions. */
export const REPLAY_PROBES: readonly string[] = ['*.top.cause'];

/** Signals of the machine at `path` that a report is worked out from: what it asks of a recording. */
export interface ReplaySignals {
  readonly cause: string;
  /** Valid and ready of the link's data channels. */
  readonly read: readonly [valid: string, ready: string];
  readonly write: readonly [valid: string, ready: string];
  /** Of each rounding unit's output: valid, ready, saturated. */
  readonly rounded: readonly (readonly [valid: string, ready: string, saturated: string])[];
}

export function replaySignals(path: string, n: number): ReplaySignals {
  const meter = `${path}.memory.meter`;
  return {
    cause: `${path}.top.cause`,
    read: [`${meter}.r_valid`, `${meter}.r_ready`],
    write: [`${meter}.w_valid`, `${meter}.w_ready`],
    rounded: Array.from({ length: n }, (_, j) => {
      const out = `${path}.round[${j}].out`;
      return [`${out}_valid`, `${out}_ready`, `${out}_saturated`] as const;
    }),
  };
}
