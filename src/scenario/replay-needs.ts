/** Probes that a report needs from a trace, beside nets and transactions. */
export const REPLAY_PROBES: readonly string[] = ['*.top.cause'];
