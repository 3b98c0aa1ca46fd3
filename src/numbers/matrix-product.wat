;; Exact int16 matrix products, summed into float64. Driven by matrix-product.ts; compiled by scripts/build-wasm.ts.
;;
;; Panels. Both operands are first packed into panels of four lanes: for each pair of steps (k, k+1) one 16-byte
;; vector [x0[k], x0[k+1], x1[k], x1[k+1], x2[k], x2[k+1], x3[k], x3[k+1]]. i32x4.dot_i16x8_s of a splat pair of A
;; and such a vector of B then does two steps of four outputs of one row. Four rows share the vector of B: eight
;; accumulators, and no spills on a machine with sixteen registers.
;;
;; Exactness. One dot is at most 2^31 in magnitude, so a sum of two can leave 32 bits. Two accumulators for each output
;; hold the sum S exactly: P = S mod 2^32, and H = the sum of floor((t - 1) / 2^16) over the dots t. Each dot adds
;; 1 .. 2^16 to L = S - 2^16 H, so for fewer than 2^15 dots L is below 2^31 and equals (P - 2^16 H) mod 2^32, and
;; S = 2^16 H + L. |H| <= 2^15 for each dot, so it fits 32 bits as well. The caller bounds a call to far fewer dots.
;;
;; Why t - 1: all four operands -32768 give t = +2^31, which the instruction wraps to -2^31. P does not care; less one,
;; it wraps on to 2^31 - 1 = t - 1, which H wants. No other dot is below -2^31 + 2^16, so no other wraps.
(module
  (import "host" "memory" (memory 1))

  ;; c[0..3] += 2^16 h + l, where l = (p - 2^16 h) mod 2^32
  (func $widen (param $c i32) (param $p v128) (param $h v128)
    (local $l v128)
    (local.set $l (i32x4.sub (local.get $p) (i32x4.shl (local.get $h) (i32.const 16))))
    (v128.store (local.get $c)
      (f64x2.add (v128.load (local.get $c))
        (f64x2.add
          (f64x2.mul (f64x2.convert_low_i32x4_s (local.get $h)) (v128.const f64x2 65536 65536))
          (f64x2.convert_low_i32x4_s (local.get $l)))))
    (local.set $h (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $h) (local.get $h)))
    (local.set $l (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $l) (local.get $l)))
    (v128.store offset=16 (local.get $c)
      (f64x2.add (v128.load offset=16 (local.get $c))
        (f64x2.add
          (f64x2.mul (f64x2.convert_low_i32x4_s (local.get $h)) (v128.const f64x2 65536 65536))
          (f64x2.convert_low_i32x4_s (local.get $l))))))

  ;; A 4 x 4 tile: c[r][0..3] += the sum over `pairs` > 0 pairs of panels a and b. `stride` is the bytes from one row of c
  ;; to the next.
  (func $tile (param $a i32) (param $b i32) (param $pairs i32) (param $c i32) (param $stride i32)
    (local $p0 v128) (local $p1 v128) (local $p2 v128) (local $p3 v128)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128)
    (local $x v128) (local $t v128)
    (loop $pair
      (local.set $x (v128.load (local.get $b)))
      (local.set $t (i32x4.dot_i16x8_s (v128.load32_splat offset=0 (local.get $a)) (local.get $x)))
      (local.set $p0 (i32x4.add (local.get $p0) (local.get $t)))
      (local.set $t (i32x4.add (local.get $t) (v128.const i32x4 -1 -1 -1 -1)))
      (local.set $h0 (i32x4.add (local.get $h0) (i32x4.shr_s (local.get $t) (i32.const 16))))
      (local.set $t (i32x4.dot_i16x8_s (v128.load32_splat offset=4 (local.get $a)) (local.get $x)))
      (local.set $p1 (i32x4.add (local.get $p1) (local.get $t)))
      (local.set $t (i32x4.add (local.get $t) (v128.const i32x4 -1 -1 -1 -1)))
      (local.set $h1 (i32x4.add (local.get $h1) (i32x4.shr_s (local.get $t) (i32.const 16))))
      (local.set $t (i32x4.dot_i16x8_s (v128.load32_splat offset=8 (local.get $a)) (local.get $x)))
      (local.set $p2 (i32x4.add (local.get $p2) (local.get $t)))
      (local.set $t (i32x4.add (local.get $t) (v128.const i32x4 -1 -1 -1 -1)))
      (local.set $h2 (i32x4.add (local.get $h2) (i32x4.shr_s (local.get $t) (i32.const 16))))
      (local.set $t (i32x4.dot_i16x8_s (v128.load32_splat offset=12 (local.get $a)) (local.get $x)))
      (local.set $p3 (i32x4.add (local.get $p3) (local.get $t)))
      (local.set $t (i32x4.add (local.get $t) (v128.const i32x4 -1 -1 -1 -1)))
      (local.set $h3 (i32x4.add (local.get $h3) (i32x4.shr_s (local.get $t) (i32.const 16))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $pair (local.tee $pairs (i32.sub (local.get $pairs) (i32.const 1)))))
    (call $widen (local.get $c) (local.get $p0) (local.get $h0))
    (local.set $c (i32.add (local.get $c) (local.get $stride)))
    (call $widen (local.get $c) (local.get $p1) (local.get $h1))
    (local.set $c (i32.add (local.get $c) (local.get $stride)))
    (call $widen (local.get $c) (local.get $p2) (local.get $h2))
    (local.set $c (i32.add (local.get $c) (local.get $stride)))
    (call $widen (local.get $c) (local.get $p3) (local.get $h3)))

  ;; One panel of B (its first `cols` <= 4 lanes count) against the panels of `rows` rows of A.
  ;; Tiles on an edge are summed in `scratch` (128 bytes), so that nothing outside the rows and columns is written.
  (func $across (param $a i32) (param $b i32) (param $pairs i32)
    (param $rows i32) (param $cols i32) (param $c i32) (param $stride i32) (param $scratch i32)
    (local $r i32) (local $j i32) (local $high i32) (local $from i32)
    (loop $next
      (if (i32.and (i32.ge_s (local.get $rows) (i32.const 4)) (i32.eq (local.get $cols) (i32.const 4)))
        (then (call $tile (local.get $a) (local.get $b) (local.get $pairs) (local.get $c) (local.get $stride)))
        (else
          (memory.fill (local.get $scratch) (i32.const 0) (i32.const 128))
          (call $tile (local.get $a) (local.get $b) (local.get $pairs) (local.get $scratch) (i32.const 32))
          (local.set $high (select (i32.const 4) (local.get $rows) (i32.gt_s (local.get $rows) (i32.const 4))))
          (local.set $r (i32.const 0))
          (loop $row
            (local.set $j (i32.const 0))
            (loop $col
              (local.set $from (i32.shl (local.get $j) (i32.const 3)))
              (f64.store
                (i32.add (i32.add (local.get $c) (i32.mul (local.get $r) (local.get $stride))) (local.get $from))
                (f64.add
                  (f64.load (i32.add (i32.add (local.get $c) (i32.mul (local.get $r) (local.get $stride))) (local.get $from)))
                  (f64.load (i32.add (i32.add (local.get $scratch) (i32.shl (local.get $r) (i32.const 5))) (local.get $from)))))
              (br_if $col (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $cols))))
            (br_if $row (i32.lt_u (local.tee $r (i32.add (local.get $r) (i32.const 1))) (local.get $high))))))
      (local.set $a (i32.add (local.get $a) (i32.shl (local.get $pairs) (i32.const 4))))
      (local.set $c (i32.add (local.get $c) (i32.shl (local.get $stride) (i32.const 2))))
      (br_if $next (i32.gt_s (local.tee $rows (i32.sub (local.get $rows) (i32.const 4))) (i32.const 0)))))

  ;; Packs four lanes of `count` slices, `stride` bytes apart. Lanes past the slice's end pack their neighbours' bytes:
  ;; those outputs are dropped.
  (func $packSlices (param $from i32) (param $to i32) (param $stride i32) (param $count i32)
    (local $x v128) (local $pairs i32)
    (if (local.tee $pairs (i32.shr_u (local.get $count) (i32.const 1))) (then
      (loop $next
        (local.set $x (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
          (v128.load64_zero (local.get $from))
          (v128.load64_zero (i32.add (local.get $from) (local.get $stride)))))
        (v128.store (local.get $to) (local.get $x))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (local.set $from (i32.add (local.get $from) (i32.shl (local.get $stride) (i32.const 1))))
        (br_if $next (local.tee $pairs (i32.sub (local.get $pairs) (i32.const 1)))))))
    (if (i32.and (local.get $count) (i32.const 1)) (then
      (local.set $x (i32x4.extend_low_i16x8_u (v128.load64_zero (local.get $from))))
      (v128.store (local.get $to) (local.get $x)))))

  ;; Packs `count` steps of up to four rows, `stride` bytes apart; rows past `rows` repeat the last, and are dropped.
  (func $packRows (param $r0 i32) (param $to i32) (param $stride i32) (param $rows i32) (param $count i32)
    (local $r1 i32) (local $r2 i32) (local $r3 i32) (local $n i32)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128) (local $y v128) (local $z v128)
    (local.set $r1 (i32.add (local.get $r0) (select (local.get $stride) (i32.const 0) (i32.gt_s (local.get $rows) (i32.const 1)))))
    (local.set $r2 (i32.add (local.get $r1) (select (local.get $stride) (i32.const 0) (i32.gt_s (local.get $rows) (i32.const 2)))))
    (local.set $r3 (i32.add (local.get $r2) (select (local.get $stride) (i32.const 0) (i32.gt_s (local.get $rows) (i32.const 3)))))
    (if (local.tee $n (i32.shr_u (local.get $count) (i32.const 3))) (then
      (loop $eight
        (local.set $x0 (v128.load (local.get $r0)))
        (local.set $x1 (v128.load (local.get $r1)))
        (local.set $x2 (v128.load (local.get $r2)))
        (local.set $x3 (v128.load (local.get $r3)))
        (local.set $y (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x0) (local.get $x1)))
        (local.set $z (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x2) (local.get $x3)))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y) (local.get $z)))
        (v128.store offset=16 (local.get $to)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y) (local.get $z)))
        (local.set $y (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x0) (local.get $x1)))
        (local.set $z (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x2) (local.get $x3)))
        (v128.store offset=32 (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y) (local.get $z)))
        (v128.store offset=48 (local.get $to)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y) (local.get $z)))
        (local.set $r0 (i32.add (local.get $r0) (i32.const 16)))
        (local.set $r1 (i32.add (local.get $r1) (i32.const 16)))
        (local.set $r2 (i32.add (local.get $r2) (i32.const 16)))
        (local.set $r3 (i32.add (local.get $r3) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 64)))
        (br_if $eight (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (if (local.tee $count (i32.and (local.get $count) (i32.const 7))) (then
      (loop $two
        (local.set $y (v128.load32_splat (local.get $r0)))
        (local.set $y (v128.load32_lane 1 (local.get $r1) (local.get $y)))
        (local.set $y (v128.load32_lane 2 (local.get $r2) (local.get $y)))
        (local.set $y (v128.load32_lane 3 (local.get $r3) (local.get $y)))
        (if (i32.eq (local.get $count) (i32.const 1))
          (then (local.set $y (v128.and (local.get $y) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff)))))
        (v128.store (local.get $to) (local.get $y))
        (local.set $r0 (i32.add (local.get $r0) (i32.const 4)))
        (local.set $r1 (i32.add (local.get $r1) (i32.const 4)))
        (local.set $r2 (i32.add (local.get $r2) (i32.const 4)))
        (local.set $r3 (i32.add (local.get $r3) (i32.const 4)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br_if $two (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 2))) (i32.const 0)))))))

  ;; c[i][j] += sum over `count` > 0 slices of a[k][i] b[k][j], i < rows, j < cols; slices and rows of c are n lanes long.
  (func (export "slices") (param $a i32) (param $b i32) (param $c i32) (param $n i32) (param $rows i32) (param $cols i32)
    (param $count i32) (param $packedA i32) (param $packedB i32) (param $scratch i32)
    (local $pairs i32) (local $i i32) (local $to i32) (local $stride i32)
    (local.set $pairs (i32.shr_u (i32.add (local.get $count) (i32.const 1)) (i32.const 1)))
    (local.set $stride (i32.shl (local.get $n) (i32.const 1)))
    (local.set $to (local.get $packedA))
    (loop $packA
      (call $packSlices (local.get $a) (local.get $to) (local.get $stride) (local.get $count))
      (local.set $to (i32.add (local.get $to) (i32.shl (local.get $pairs) (i32.const 4))))
      (local.set $a (i32.add (local.get $a) (i32.const 8)))
      (br_if $packA (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $rows))))
    (loop $panel
      (call $packSlices (local.get $b) (local.get $packedB) (local.get $stride) (local.get $count))
      (call $across (local.get $packedA) (local.get $packedB) (local.get $pairs)
        (local.get $rows) (select (i32.const 4) (local.get $cols) (i32.gt_s (local.get $cols) (i32.const 4)))
        (local.get $c) (i32.shl (local.get $n) (i32.const 3)) (local.get $scratch))
      (local.set $b (i32.add (local.get $b) (i32.const 8)))
      (local.set $c (i32.add (local.get $c) (i32.const 32)))
      (br_if $panel (i32.gt_s (local.tee $cols (i32.sub (local.get $cols) (i32.const 4))) (i32.const 0)))))

  ;; c[i][j] += sum over `count` > 0 steps of a[i][k] b[j][k], i < rows, j < cols; rows of a and b are `stride` bytes apart,
  ;; rows of c `strideC`.
  (func (export "rows") (param $a i32) (param $b i32) (param $c i32) (param $rows i32) (param $cols i32)
    (param $stride i32) (param $strideC i32) (param $count i32) (param $packedA i32) (param $packedB i32) (param $scratch i32)
    (local $pairs i32) (local $left i32) (local $to i32)
    (local.set $pairs (i32.shr_u (i32.add (local.get $count) (i32.const 1)) (i32.const 1)))
    (local.set $to (local.get $packedA))
    (local.set $left (local.get $rows))
    (loop $packA
      (call $packRows (local.get $a) (local.get $to) (local.get $stride) (local.get $left) (local.get $count))
      (local.set $to (i32.add (local.get $to) (i32.shl (local.get $pairs) (i32.const 4))))
      (local.set $a (i32.add (local.get $a) (i32.shl (local.get $stride) (i32.const 2))))
      (br_if $packA (i32.gt_s (local.tee $left (i32.sub (local.get $left) (i32.const 4))) (i32.const 0))))
    (loop $panel
      (call $packRows (local.get $b) (local.get $packedB) (local.get $stride) (local.get $cols) (local.get $count))
      (call $across (local.get $packedA) (local.get $packedB) (local.get $pairs)
        (local.get $rows) (select (i32.const 4) (local.get $cols) (i32.gt_s (local.get $cols) (i32.const 4)))
        (local.get $c) (local.get $strideC) (local.get $scratch))
      (local.set $b (i32.add (local.get $b) (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $c (i32.add (local.get $c) (i32.const 32)))
      (br_if $panel (i32.gt_s (local.tee $cols (i32.sub (local.get $cols) (i32.const 4))) (i32.const 0)))))
)
