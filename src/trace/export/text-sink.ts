/** Where an export's text goes, piece after piece: a PartialFile is one. */
export interface TextSink {
  text(text: string): void;
}

/** Gathers lines, and hands them on in pieces large enough to be worth a call. */
export class LineBuffer {
  private waiting = '';

  constructor(private readonly sink: TextSink) {}

  line(text: string): void {
    this.waiting += `${text}\n`;
    if (this.waiting.length >= 16_384) this.flush();
  }

  flush(): void {
    this.sink.text(this.waiting);
    this.waiting = '';
  }
}
