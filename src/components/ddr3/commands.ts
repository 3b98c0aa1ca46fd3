/** DRAM commands; RDA and WRA precharge the bank by themselves afterwards. */
export const COMMANDS = ['ACT', 'PRE', 'RD', 'RDA', 'WR', 'WRA', 'REF'] as const;
export type Ddr3Command = (typeof COMMANDS)[number];

/** Who is told what the controller does, at once. */
export interface Ddr3Listener {
  /** A request is accepted in clock t; `merged`: it is done with one that waits. What becomes of it is told later. */
  accepted?(tag: number, write: boolean, t: number, burst: number, merged: boolean): void;
  /** A command goes to the DRAM at the edge of `cycle`. Fields that it does not have are −1; `col` counts bursts. */
  command?(cycle: number, command: Ddr3Command, rank: number, bank: number, row: number, col: number): void;
  /** The PRE that is told next makes way for a request to another row. */
  conflict?(): void;
  /**
   * The command of a request goes to the DRAM now (requests of one burst in their order of acceptance); it will be done
   * at `doneAt`.
   */
  issued?(tag: number, write: boolean, acceptedAt: number, doneAt: number): void;
  /** A read is answered from a waiting write instead, as it is accepted; it will be done at `doneAt`. */
  forwarded?(tag: number, acceptedAt: number, doneAt: number): void;
}
