/** Bytes that grow, seen as elements of any size; each column begins at a multiple of its element's size. */
export class ByteScratch {
  u8 = new Uint8Array(4096);
  u16 = new Uint16Array(this.u8.buffer);
  u32 = new Uint32Array(this.u8.buffer);
  f64 = new Float64Array(this.u8.buffer);
  /** Bytes used. */
  at = 0;

  /** Room for `count` elements of `size` bytes from the next multiple of `size` on; returns its place in elements of that size. */
  take(count: number, size: number): number {
    const from = Math.ceil(this.at / size);
    const end = (from + count) * size;
    if (end > this.u8.length) this.grow(end);
    // Padding is zero, so that equal calls give equal bytes.
    while (this.at < from * size) this.u8[this.at++] = 0;
    this.at = end;
    return from;
  }

  private grow(bytes: number): void {
    const old = this.u8;
    this.u8 = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
    this.u8.set(old);
    this.u16 = new Uint16Array(this.u8.buffer);
    this.u32 = new Uint32Array(this.u8.buffer);
    this.f64 = new Float64Array(this.u8.buffer);
  }

  /** What was written. Valid until the next write. */
  get written(): Buffer {
    return Buffer.from(this.u8.buffer, 0, this.at);
  }
}
