/**
 * Two dense products in the shapes that training needs, in doubles, register-blocked so that V8 keeps the running
 * sums in registers. Each sums in a fixed order, so the same inputs give the same bits on every machine.
 */

/**
 * C += A B, with A [m, k], B [k, n], C [m, n], all row-major. Two rows of C and four of B at a time: eight
 * multiply-adds for four loads of B, two of C and two stores.
 *
 * @param bAt, cAt index of the first element within `b` and `c`
 */
export function addProduct(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  m: number,
  k: number,
  n: number,
  aAt = 0,
  bAt = 0,
  cAt = 0,
): void {
  let row = 0;
  for (; row + 1 < m; row += 2) {
    const c0 = cAt + row * n;
    const c1 = c0 + n;
    const a0 = aAt + row * k;
    const a1 = a0 + k;
    let at = 0;
    for (; at + 3 < k; at += 4) {
      const p0 = a[a0 + at]!;
      const p1 = a[a0 + at + 1]!;
      const p2 = a[a0 + at + 2]!;
      const p3 = a[a0 + at + 3]!;
      const q0 = a[a1 + at]!;
      const q1 = a[a1 + at + 1]!;
      const q2 = a[a1 + at + 2]!;
      const q3 = a[a1 + at + 3]!;
      const b0 = bAt + at * n;
      const b1 = b0 + n;
      const b2 = b1 + n;
      const b3 = b2 + n;
      for (let i = 0; i < n; i++) {
        const v0 = b[b0 + i]!;
        const v1 = b[b1 + i]!;
        const v2 = b[b2 + i]!;
        const v3 = b[b3 + i]!;
        c[c0 + i] = c[c0 + i]! + (p0 * v0 + p1 * v1 + (p2 * v2 + p3 * v3));
        c[c1 + i] = c[c1 + i]! + (q0 * v0 + q1 * v1 + (q2 * v2 + q3 * v3));
      }
    }
    for (; at < k; at++) {
      const p = a[a0 + at]!;
      const q = a[a1 + at]!;
      const b0 = bAt + at * n;
      for (let i = 0; i < n; i++) {
        const v = b[b0 + i]!;
        c[c0 + i] = c[c0 + i]! + p * v;
        c[c1 + i] = c[c1 + i]! + q * v;
      }
    }
  }
  if (row < m) {
    const c0 = cAt + row * n;
    for (let at = 0; at < k; at++) {
      const p = a[aAt + row * k + at]!;
      const b0 = bAt + at * n;
      for (let i = 0; i < n; i++) c[c0 + i] = c[c0 + i]! + p * b[b0 + i]!;
    }
  }
}

/** C += A B^T, with A [m, k], B [n, k], C [m, n], all row-major. Two by four sums at a time. */
export function addProductTransposed(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  m: number,
  k: number,
  n: number,
  aAt = 0,
  bAt = 0,
  cAt = 0,
): void {
  for (let row = 0; row < m; row += 2) {
    const paired = row + 1 < m;
    const a0 = aAt + row * k;
    const a1 = paired ? a0 + k : a0;
    let col = 0;
    for (; col + 3 < n; col += 4) {
      const b0 = bAt + col * k;
      const b1 = b0 + k;
      const b2 = b1 + k;
      const b3 = b2 + k;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let i = 0; i < k; i++) {
        const u = a[a0 + i]!;
        const v = a[a1 + i]!;
        const w0 = b[b0 + i]!;
        const w1 = b[b1 + i]!;
        const w2 = b[b2 + i]!;
        const w3 = b[b3 + i]!;
        s00 += u * w0;
        s01 += u * w1;
        s02 += u * w2;
        s03 += u * w3;
        s10 += v * w0;
        s11 += v * w1;
        s12 += v * w2;
        s13 += v * w3;
      }
      const c0 = cAt + row * n + col;
      c[c0] = c[c0]! + s00;
      c[c0 + 1] = c[c0 + 1]! + s01;
      c[c0 + 2] = c[c0 + 2]! + s02;
      c[c0 + 3] = c[c0 + 3]! + s03;
      if (paired) {
        const c1 = c0 + n;
        c[c1] = c[c1]! + s10;
        c[c1 + 1] = c[c1 + 1]! + s11;
        c[c1 + 2] = c[c1 + 2]! + s12;
        c[c1 + 3] = c[c1 + 3]! + s13;
      }
    }
    for (; col < n; col++) {
      const b0 = bAt + col * k;
      let s0 = 0;
      let s1 = 0;
      for (let i = 0; i < k; i++) {
        const w = b[b0 + i]!;
        s0 += a[a0 + i]! * w;
        s1 += a[a1 + i]! * w;
      }
      const c0 = cAt + row * n + col;
      c[c0] = c[c0]! + s0;
      if (paired) c[c0 + n] = c[c0 + n]! + s1;
    }
  }
}

/** [rows, columns] to [columns, rows]. */
export function transpose(
  from: Float64Array,
  rows: number,
  columns: number,
  to: Float64Array,
  fromAt = 0,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) to[c * rows + r] = from[fromAt + r * columns + c]!;
  }
}
