import { PartialFile } from './partial-file.js';

/**
 * The commands of a DDR3 channel as text, a line each: `cycle,command,rank,bank,row,col`, cycle in clocks of the DRAM, col in
 * bursts, −1 for what a command does not have. What `checkCommandFile` reads.
 *
 * Errors   TraceFileError when the file cannot be written.
 */
export class Ddr3CommandFile {
  private readonly file: PartialFile;
  private isOpen = true;

  constructor(path: string) {
    this.file = new PartialFile(path);
    this.file.text('cycle,command,rank,bank,row,col\n');
  }

  readonly write = (
    cycle: number,
    command: string,
    rank: number,
    bank: number,
    row: number,
    col: number,
  ): void => {
    this.file.text(`${cycle},${command},${rank},${bank},${row},${col}\n`);
  };

  /** The file is whole: gives it its name. */
  close(): void {
    this.isOpen = false;
    this.file.commit();
  }

  /** Removes what was written, unless it was closed. */
  abort(): void {
    if (this.isOpen) this.file.abort();
    this.isOpen = false;
  }
}
