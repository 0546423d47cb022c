;; The scans of the gallery's search, in WebAssembly's 128-bit vectors. Memory is read in order, as it is fastest that way. A dimension is a
;; multiple of 32. Pointers are byte offsets in the memory.
;;
;; The codes of four rows lie together, 16 of each in turn: so they are read in order, and what is loaded of the probe serves all four. Two of
;; the 16 are one int16: 256 * (the code of number 8 + i) + (the code of number i), for i of 0..7. Such a one is multiplied as it is; widening
;; codes to int16 first takes as many instructions again as multiplying them.
;;
;; A scan writes what may be among the nearest: for each row whose estimate plus bound reaches `floor` the pair (row: u32, estimate: f32).
;; It returns how many pairs it wrote.
(module
  (import "gallery" "memory" (memory 1))

  ;; Largest absolute value of a row of `dimension` float32.
  (func $largest (param $row i32) (param $dimension i32) (result f32)
    (local $end i32) (local $max v128)
    (local.set $end (i32.add (local.get $row) (i32.shl (local.get $dimension) (i32.const 2))))
    (loop $next
      (local.set $max (f32x4.pmax (local.get $max) (f32x4.abs (v128.load (local.get $row)))))
      (local.set $row (i32.add (local.get $row) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $row) (local.get $end))))
    (f32.max
      (f32.max (f32x4.extract_lane 0 (local.get $max)) (f32x4.extract_lane 1 (local.get $max)))
      (f32.max (f32x4.extract_lane 2 (local.get $max)) (f32x4.extract_lane 3 (local.get $max)))))

  ;; Quantises rows, of which the first is the first of its four: code = nearest(value / scale), scale = largest / 127; `lost` is the length of
  ;; (row - scale * codes).
  (func (export "quantise")
    (param $rows i32) (param $dimension i32) (param $count i32)
    (param $codes i32) (param $scales i32) (param $losts i32)
    (local $row i32) (local $at i32) (local $end i32) (local $max f32) (local $scale v128) (local $inverse v128) (local $lost v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $qa v128) (local $qb v128) (local $qc v128) (local $qd v128)
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $row) (local.get $count)))
        (local.set $at
          (i32.add (local.get $codes)
            (i32.add
              (i32.mul (i32.and (local.get $row) (i32.const -4)) (local.get $dimension))
              (i32.shl (i32.and (local.get $row) (i32.const 3)) (i32.const 4)))))
        (local.set $max (call $largest (local.get $rows) (local.get $dimension)))
        (local.set $scale (f32x4.splat (f32.div (local.get $max) (f32.const 127))))
        (local.set $inverse
          (f32x4.splat
            (select (f32.div (f32.const 127) (local.get $max)) (f32.const 0) (f32.gt (local.get $max) (f32.const 0)))))
        (local.set $lost (v128.const f32x4 0 0 0 0))
        (local.set $end (i32.add (local.get $rows) (i32.shl (local.get $dimension) (i32.const 2))))
        (loop $next
          (local.set $a (v128.load (local.get $rows)))
          (local.set $b (v128.load offset=16 (local.get $rows)))
          (local.set $c (v128.load offset=32 (local.get $rows)))
          (local.set $d (v128.load offset=48 (local.get $rows)))
          (local.set $qa (f32x4.nearest (f32x4.mul (local.get $a) (local.get $inverse))))
          (local.set $qb (f32x4.nearest (f32x4.mul (local.get $b) (local.get $inverse))))
          (local.set $qc (f32x4.nearest (f32x4.mul (local.get $c) (local.get $inverse))))
          (local.set $qd (f32x4.nearest (f32x4.mul (local.get $d) (local.get $inverse))))
          (v128.store (local.get $at)
            (i16x8.add
              (i16x8.narrow_i32x4_s
                (i32x4.trunc_sat_f32x4_s (local.get $qa)) (i32x4.trunc_sat_f32x4_s (local.get $qb)))
              (i16x8.shl
                (i16x8.narrow_i32x4_s
                  (i32x4.trunc_sat_f32x4_s (local.get $qc)) (i32x4.trunc_sat_f32x4_s (local.get $qd)))
                (i32.const 8))))
          (local.set $a (f32x4.sub (local.get $a) (f32x4.mul (local.get $qa) (local.get $scale))))
          (local.set $b (f32x4.sub (local.get $b) (f32x4.mul (local.get $qb) (local.get $scale))))
          (local.set $c (f32x4.sub (local.get $c) (f32x4.mul (local.get $qc) (local.get $scale))))
          (local.set $d (f32x4.sub (local.get $d) (f32x4.mul (local.get $qd) (local.get $scale))))
          (local.set $lost
            (f32x4.add (local.get $lost)
              (f32x4.add
                (f32x4.add (f32x4.mul (local.get $a) (local.get $a)) (f32x4.mul (local.get $b) (local.get $b)))
                (f32x4.add (f32x4.mul (local.get $c) (local.get $c)) (f32x4.mul (local.get $d) (local.get $d))))))
          (local.set $at (i32.add (local.get $at) (i32.const 64)))
          (local.set $rows (i32.add (local.get $rows) (i32.const 64)))
          (br_if $next (i32.lt_u (local.get $rows) (local.get $end))))
        (f32.store (local.get $scales) (f32x4.extract_lane 0 (local.get $scale)))
        (f32.store (local.get $losts)
          (f32.sqrt
            (f32.add
              (f32.add (f32x4.extract_lane 0 (local.get $lost)) (f32x4.extract_lane 1 (local.get $lost)))
              (f32.add (f32x4.extract_lane 2 (local.get $lost)) (f32x4.extract_lane 3 (local.get $lost))))))
        (local.set $scales (i32.add (local.get $scales) (i32.const 4)))
        (local.set $losts (i32.add (local.get $losts) (i32.const 4)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $each))))

  ;; Writes a pair, and returns where the next one goes.
  (func $put (param $out i32) (param $row i32) (param $estimate f32) (result i32)
    (i32.store (local.get $out) (local.get $row))
    (f32.store offset=4 (local.get $out) (local.get $estimate))
    (i32.add (local.get $out) (i32.const 8)))

  ;; Scans `count` rows of codes from row `first` on, a multiple of 4; codes, scales and losts have room for the last four. `probe` has for 16
  ;; numbers eight int16 to multiply the pairs of codes with and eight to multiply 256 * (the first code of each) with; a row's estimate is
  ;; the sum of these products * step * scale, its bound reach * lost + slack. The sums of a lane fit 32 bits (bounds.ts).
  (func (export "scanInt8")
    (param $codes i32) (param $scales i32) (param $losts i32) (param $dimension i32) (param $first i32) (param $count i32)
    (param $probe i32) (param $step f32) (param $reach f32) (param $slack f32) (param $floor f32) (param $out i32)
    (result i32)
    (local $row i32) (local $last i32) (local $begun i32) (local $at i32) (local $p i32) (local $end i32) (local $which i32)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128) (local $w0 v128) (local $w1 v128) (local $w2 v128) (local $w3 v128)
    (local $p0 v128) (local $p1 v128) (local $estimates v128)
    (local.set $begun (local.get $out))
    (local.set $row (local.get $first))
    (local.set $last (i32.add (local.get $first) (local.get $count)))
    (local.set $end (i32.add (local.get $probe) (i32.shl (local.get $dimension) (i32.const 1))))
    (local.set $at (i32.add (local.get $codes) (i32.mul (local.get $first) (local.get $dimension))))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $row) (local.get $last)))
        (local.set $s0 (v128.const i32x4 0 0 0 0))
        (local.set $s1 (v128.const i32x4 0 0 0 0))
        (local.set $s2 (v128.const i32x4 0 0 0 0))
        (local.set $s3 (v128.const i32x4 0 0 0 0))
        (local.set $p (local.get $probe))
        (loop $next
          (local.set $p0 (v128.load offset=0 (local.get $p)))
          (local.set $p1 (v128.load offset=16 (local.get $p)))
          (local.set $w0 (v128.load offset=0 (local.get $at)))
          (local.set $w1 (v128.load offset=16 (local.get $at)))
          (local.set $w2 (v128.load offset=32 (local.get $at)))
          (local.set $w3 (v128.load offset=48 (local.get $at)))
          (local.set $s0
            (i32x4.add (local.get $s0)
              (i32x4.add
                (i32x4.dot_i16x8_s (local.get $w0) (local.get $p0))
                (i32x4.dot_i16x8_s (i16x8.shl (local.get $w0) (i32.const 8)) (local.get $p1)))))
          (local.set $s1
            (i32x4.add (local.get $s1)
              (i32x4.add
                (i32x4.dot_i16x8_s (local.get $w1) (local.get $p0))
                (i32x4.dot_i16x8_s (i16x8.shl (local.get $w1) (i32.const 8)) (local.get $p1)))))
          (local.set $s2
            (i32x4.add (local.get $s2)
              (i32x4.add
                (i32x4.dot_i16x8_s (local.get $w2) (local.get $p0))
                (i32x4.dot_i16x8_s (i16x8.shl (local.get $w2) (i32.const 8)) (local.get $p1)))))
          (local.set $s3
            (i32x4.add (local.get $s3)
              (i32x4.add
                (i32x4.dot_i16x8_s (local.get $w3) (local.get $p0))
                (i32x4.dot_i16x8_s (i16x8.shl (local.get $w3) (i32.const 8)) (local.get $p1)))))
          (local.set $at (i32.add (local.get $at) (i32.const 64)))
          (local.set $p (i32.add (local.get $p) (i32.const 32)))
          (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
        ;; The four sums of each row, added up: a row a lane.
        (local.set $s0 (f32x4.convert_i32x4_s (local.get $s0)))
        (local.set $s1 (f32x4.convert_i32x4_s (local.get $s1)))
        (local.set $s2 (f32x4.convert_i32x4_s (local.get $s2)))
        (local.set $s3 (f32x4.convert_i32x4_s (local.get $s3)))
        (local.set $s0
          (f32x4.add
            (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s0) (local.get $s1))
            (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s0) (local.get $s1))))
        (local.set $s2
          (f32x4.add
            (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s2) (local.get $s3))
            (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s2) (local.get $s3))))
        (local.set $s0
          (f32x4.add
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $s0) (local.get $s2))
            (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $s0) (local.get $s2))))
        (local.set $p (i32.shl (local.get $row) (i32.const 2)))
        (local.set $estimates
          (f32x4.mul
            (f32x4.mul (local.get $s0) (f32x4.splat (local.get $step)))
            (v128.load (i32.add (local.get $scales) (local.get $p)))))
        (local.set $which
          (i32x4.bitmask
            (f32x4.ge
              (f32x4.add
                (f32x4.add
                  (local.get $estimates)
                  (f32x4.mul (f32x4.splat (local.get $reach)) (v128.load (i32.add (local.get $losts) (local.get $p)))))
                (f32x4.splat (local.get $slack)))
              (f32x4.splat (local.get $floor)))))
        (if (local.get $which)
          (then
            ;; Beyond the last row there is none.
            (if (i32.lt_u (i32.sub (local.get $last) (local.get $row)) (i32.const 4))
              (then
                (local.set $which
                  (i32.and (local.get $which)
                    (i32.sub (i32.shl (i32.const 1) (i32.sub (local.get $last) (local.get $row))) (i32.const 1))))))
            (if (i32.and (local.get $which) (i32.const 1))
              (then
                (local.set $out
                  (call $put (local.get $out) (i32.add (local.get $row) (i32.const 0)) (f32x4.extract_lane 0 (local.get $estimates))))))
            (if (i32.and (local.get $which) (i32.const 2))
              (then
                (local.set $out
                  (call $put (local.get $out) (i32.add (local.get $row) (i32.const 1)) (f32x4.extract_lane 1 (local.get $estimates))))))
            (if (i32.and (local.get $which) (i32.const 4))
              (then
                (local.set $out
                  (call $put (local.get $out) (i32.add (local.get $row) (i32.const 2)) (f32x4.extract_lane 2 (local.get $estimates))))))
            (if (i32.and (local.get $which) (i32.const 8))
              (then
                (local.set $out
                  (call $put (local.get $out) (i32.add (local.get $row) (i32.const 3)) (f32x4.extract_lane 3 (local.get $estimates))))))))
        (local.set $row (i32.add (local.get $row) (i32.const 4)))
        (br $each)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $begun)) (i32.const 3)))

  ;; Scans `count` rows of float32 from row `first` on. The bound is `slack` for every row.
  (func (export "scanFloat32")
    (param $rows i32) (param $dimension i32) (param $first i32) (param $count i32)
    (param $probe i32) (param $slack f32) (param $floor f32) (param $out i32)
    (result i32)
    (local $row i32) (local $last i32) (local $begun i32) (local $at i32) (local $p i32) (local $end i32) (local $stride i32)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128) (local $estimate f32)
    (local.set $begun (local.get $out))
    (local.set $row (local.get $first))
    (local.set $last (i32.add (local.get $first) (local.get $count)))
    (local.set $stride (i32.shl (local.get $dimension) (i32.const 2)))
    (local.set $end (i32.add (local.get $probe) (local.get $stride)))
    (local.set $at (i32.add (local.get $rows) (i32.mul (local.get $first) (local.get $stride))))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $row) (local.get $last)))
        (local.set $s0 (v128.const f32x4 0 0 0 0))
        (local.set $s1 (v128.const f32x4 0 0 0 0))
        (local.set $s2 (v128.const f32x4 0 0 0 0))
        (local.set $s3 (v128.const f32x4 0 0 0 0))
        (local.set $p (local.get $probe))
        (loop $next
          (local.set $s0
            (f32x4.add (local.get $s0)
              (f32x4.mul (v128.load offset=0 (local.get $at)) (v128.load offset=0 (local.get $p)))))
          (local.set $s1
            (f32x4.add (local.get $s1)
              (f32x4.mul (v128.load offset=16 (local.get $at)) (v128.load offset=16 (local.get $p)))))
          (local.set $s2
            (f32x4.add (local.get $s2)
              (f32x4.mul (v128.load offset=32 (local.get $at)) (v128.load offset=32 (local.get $p)))))
          (local.set $s3
            (f32x4.add (local.get $s3)
              (f32x4.mul (v128.load offset=48 (local.get $at)) (v128.load offset=48 (local.get $p)))))
          (local.set $at (i32.add (local.get $at) (i32.const 64)))
          (local.set $p (i32.add (local.get $p) (i32.const 64)))
          (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
        (local.set $s0
          (f32x4.add (f32x4.add (local.get $s0) (local.get $s1)) (f32x4.add (local.get $s2) (local.get $s3))))
        (local.set $estimate
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $s0)) (f32x4.extract_lane 1 (local.get $s0)))
            (f32.add (f32x4.extract_lane 2 (local.get $s0)) (f32x4.extract_lane 3 (local.get $s0)))))
        (if (f32.ge (f32.add (local.get $estimate) (local.get $slack)) (local.get $floor))
          (then
            (i32.store (local.get $out) (local.get $row))
            (f32.store offset=4 (local.get $out) (local.get $estimate))
            (local.set $out (i32.add (local.get $out) (i32.const 8)))))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $each)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $begun)) (i32.const 3)))

  ;; The sum of float32 values, for the benchmark: as fast as memory can be read in order.
  (func (export "sum") (param $at i32) (param $end i32) (result f32)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $s0 (f32x4.add (local.get $s0) (v128.load (local.get $at))))
        (local.set $s1 (f32x4.add (local.get $s1) (v128.load offset=16 (local.get $at))))
        (local.set $s2 (f32x4.add (local.get $s2) (v128.load offset=32 (local.get $at))))
        (local.set $s3 (f32x4.add (local.get $s3) (v128.load offset=48 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))
    (local.set $s0
      (f32x4.add
        (f32x4.add (local.get $s0) (local.get $s1)) (f32x4.add (local.get $s2) (local.get $s3))))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $s0)) (f32x4.extract_lane 1 (local.get $s0)))
      (f32.add (f32x4.extract_lane 2 (local.get $s0)) (f32x4.extract_lane 3 (local.get $s0))))))
