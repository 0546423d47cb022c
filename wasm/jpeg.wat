;; Reads the entropy-coded data of a baseline JPEG (ITU-T T.81, annex F.2) for the DC coefficients of its first component, which are the
;; means of its blocks of 8×8 samples, or for the pixels of a part of it. The other coefficients are passed over, several at a time. Pointers are byte offsets in the memory.
;;
;; A table has six parts, made by src/vision/jpeg/tables.ts: entries for the next 12 bits, of as many whole codes as lie in them; entries for
;; the next 12 bits, of the first code in them; a number (u32) that is the least 16 bits of the codes with more than 12; the entries of
;; those, by the next 16 bits less that number. Behind them are, as bytes, how many bits the value of the first code in 12 bits has, and of each of those with more. An entry (u16) has in its low 5 bits how many bits it takes, values included, and in the others how many
;; coefficients it is (of a DC table: the bits of the value); 128 of that say that the block ends, and 255 that the entry before has no say.
;; An entry of 0 is no code.
(module
  (import "vision" "memory" (memory 1))

  ;; The state, at 0: 0 position in bits, 4 where the data ends in bits, 8 the DC coefficient before, 12 where the next unit's means go,
  ;; 16 units left in the row, 20 units of a row, 24 bytes from unit to unit, 28 bytes from the end of a row of units to the next, 32 blocks of a unit.
  ;; From 64 on, for each block of a unit (16 bytes): its DC table, its AC table, 1 where its mean is wanted, bytes from the unit's
  ;; first mean to its own.

  ;; Takes out the zeros behind 255 in the data from `at` up to the next marker, and writes it to `out`. Gives where the marker is, or `end`; the end of what
  ;; was written is the data's end in the state.
  (func (export "unstuff") (param $at i32) (param $end i32) (param $out i32) (result i32)
    (local $v v128) (local $found i32)
    (block $marker
      (loop $next
        (br_if $marker (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $v (v128.load (local.get $at)))
        (v128.store (local.get $out) (local.get $v))
        (local.set $found
          (i32.ctz
            (i32.or
              (i8x16.bitmask (i8x16.eq (local.get $v) (v128.const i32x4 -1 -1 -1 -1)))
              (i32.const 0x10000))))
        (local.set $at (i32.add (local.get $at) (local.get $found)))
        (local.set $out (i32.add (local.get $out) (local.get $found)))
        (br_if $next (i32.eq (local.get $found) (i32.const 16)))
        (br_if $marker (i32.load8_u offset=1 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))
        (br $next)))
    (if (i32.gt_u (local.get $at) (local.get $end))
      (then
        (local.set $out (i32.sub (local.get $out) (i32.sub (local.get $at) (local.get $end))))
        (local.set $at (local.get $end))))
    (i32.store offset=4 (i32.const 0) (i32.shl (local.get $out) (i32.const 3)))
    (local.get $at))

  ;; The next bits, at least 57 of them, the first in the highest.
  (func $window (param $position i32) (result i64)
    (i64.shl
      (i64x2.extract_lane 0
        (i8x16.swizzle
          (v128.load64_zero (i32.shr_u (local.get $position) (i32.const 3)))
          (v128.const i8x16 7 6 5 4 3 2 1 0 0 0 0 0 0 0 0 0)))
      (i64.extend_i32_u (i32.and (local.get $position) (i32.const 7)))))

  ;; The entry of the first code in the bits.
  (func $single (param $table i32) (param $bits i64) (result i32)
    (local $entry i32)
    (local.set $entry
      (i32.load16_u offset=8192
        (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))) (i32.const 1)))))
    (if (i32.eqz (local.get $entry))
      (then
        (local.set $entry
          (i32.load16_u offset=16388
            (i32.add
              (local.get $table)
              (i32.shl
                (i32.sub
                  (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 48)))
                  (i32.load offset=16384 (local.get $table)))
                (i32.const 1)))))))
    (local.get $entry))

  ;; The value that the first `k` bits are (F.2.2.1, EXTEND): it begins with 1 where it is positive.
  (func $value (param $bits i64) (param $k i32) (result i32)
    (i32.sub
      (i32.wrap_i64
        (i64.shr_u
          (i64.shr_u (local.get $bits) (i64.const 1))
          (i64.extend_i32_u (i32.sub (i32.const 63) (local.get $k)))))
      (select
        (i32.const 0)
        (i32.sub (i32.shl (i32.const 1) (local.get $k)) (i32.const 1))
        (i64.lt_s (local.get $bits) (i64.const 0)))))

  ;; Passes over the AC coefficients of a block. Gives the position behind them, or -1 where there is no such code or too many coefficients.
  (func $passCoefficients (param $position i32) (param $table i32) (result i32)
    (local $entry i32) (local $k i32) (local $bits i64)
    ;; `k` coefficients were passed.
    (local.set $k (i32.const 1))
    (loop $codes
      (block $some
        (local.set $bits (call $window (local.get $position)))
        (local.set $entry
          (i32.load16_u
            (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))) (i32.const 1)))))
        (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 5))))
        (br_if $some (i32.ge_u (local.get $k) (i32.const 64)))
        (local.set $entry (i32.and (local.get $entry) (i32.const 31)))
        (local.set $position (i32.add (local.get $position) (local.get $entry)))
        ;; An entry takes 27 bits at the most, so there are 30 left.
        (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
        (local.set $entry
          (i32.load16_u
            (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))) (i32.const 1)))))
        (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 5))))
        (br_if $some (i32.ge_u (local.get $k) (i32.const 64)))
        (local.set $position (i32.add (local.get $position) (i32.and (local.get $entry) (i32.const 31))))
        (br $codes))
      ;; The block ends with its last coefficient or with a code that says so. Otherwise the entry was of no use here: the codes one by one.
      (if
        (i32.eqz
          (i32.or
            (i32.eq (local.get $k) (i32.const 64))
            (i32.and
              (i32.ge_u (local.get $k) (i32.const 128))
              (i32.lt_u (local.get $k) (i32.const 192)))))
        (then
          (local.set $k (i32.sub (local.get $k) (i32.shr_u (local.get $entry) (i32.const 5))))
          (local.set $entry
            (call $single (local.get $table) (call $window (local.get $position))))
          (if (i32.eqz (local.get $entry)) (then (return (i32.const -1))))
          (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 5))))
          (if (i32.lt_u (local.get $k) (i32.const 64))
            (then
              (local.set $position (i32.add (local.get $position) (i32.and (local.get $entry) (i32.const 31))))
              (br $codes)))
          (if
            (i32.and
              (i32.gt_u (local.get $k) (i32.const 64))
              (i32.lt_u (local.get $k) (i32.const 128)))
            (then (return (i32.const -1)))))))
    (i32.add (local.get $position) (i32.and (local.get $entry) (i32.const 31))))

  ;; Reads `units` more units (MCU). Gives 0 where the data has no such code, a block too many coefficients, or ends before.
  (func (export "read") (param $units i32) (result i32)
    (local $position i32) (local $end i32) (local $mean i32) (local $out i32) (local $left i32)
    (local $block i32) (local $blocks i32) (local $entry i32) (local $k i32) (local $bits i64)
    (local.set $position (i32.load (i32.const 0)))
    (local.set $end (i32.load offset=4 (i32.const 0)))
    (local.set $mean (i32.load offset=8 (i32.const 0)))
    (local.set $out (i32.load offset=12 (i32.const 0)))
    (local.set $left (i32.load offset=16 (i32.const 0)))
    (local.set $blocks (i32.add (i32.const 64) (i32.shl (i32.load offset=32 (i32.const 0)) (i32.const 4))))
    (loop $unit
      (local.set $block (i32.const 64))
      (loop $nextBlock
        ;; DC: the difference to the block before.
        (local.set $bits (call $window (local.get $position)))
        (local.set $entry (call $single (i32.load (local.get $block)) (local.get $bits)))
        (if (i32.eqz (local.get $entry)) (then (return (i32.const 0))))
        (local.set $k (i32.shr_u (local.get $entry) (i32.const 5)))
        (local.set $entry (i32.and (local.get $entry) (i32.const 31)))
        (local.set $position (i32.add (local.get $position) (local.get $entry)))
        (if (i32.load offset=8 (local.get $block))
          (then
            (local.set $mean
              (i32.add
                (local.get $mean)
                (call $value
                  (i64.shl (local.get $bits) (i64.extend_i32_u (i32.sub (local.get $entry) (local.get $k))))
                  (local.get $k))))
            (i32.store16
              (i32.add (local.get $out) (i32.load offset=12 (local.get $block)))
              (local.get $mean))))
        (local.set $position (call $passCoefficients (local.get $position) (i32.load offset=4 (local.get $block))))
        (if (i32.lt_s (local.get $position) (i32.const 0)) (then (return (i32.const 0))))
        (local.set $block (i32.add (local.get $block) (i32.const 16)))
        (br_if $nextBlock (i32.lt_u (local.get $block) (local.get $blocks))))
      (if (i32.gt_u (local.get $position) (local.get $end)) (then (return (i32.const 0))))
      (local.set $out (i32.add (local.get $out) (i32.load offset=24 (i32.const 0))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (if (i32.eqz (local.get $left))
        (then
          (local.set $left (i32.load offset=20 (i32.const 0)))
          (local.set $out (i32.add (local.get $out) (i32.load offset=28 (i32.const 0))))))
      (local.set $units (i32.sub (local.get $units) (i32.const 1)))
      (br_if $unit (local.get $units)))
    (i32.store (i32.const 0) (local.get $position))
    (i32.store offset=8 (i32.const 0) (local.get $mean))
    (i32.store offset=12 (i32.const 0) (local.get $out))
    (i32.store offset=16 (i32.const 0) (local.get $left))
    (i32.const 1))

  ;; What follows makes the pixels of a part. The state, at 0: 0 position in bits, 4 where the data ends in bits, 32 blocks of a unit, 36 512 bytes to work in.
  ;; From 64 on, for each block of a unit (32 bytes): its DC table, its AC table, where its component's DC coefficient before is, its component's quantisers, where
  ;; the next unit's samples of it go, bytes from row to row of them, bytes from unit to unit. Quantisers: for each coefficient, as they come, the
  ;; factor and where the coefficient is in the block, bytes.

  ;; The bits of the value of the first code in the bits.
  (func $valueBits (param $table i32) (param $bits i64) (result i32)
    (local $at i32)
    (local.set $at (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))))
    (if (result i32)
      (i32.load16_u offset=8192 (i32.add (local.get $table) (i32.shl (local.get $at) (i32.const 1))))
      (then (i32.load8_u offset=147464 (i32.add (local.get $table) (local.get $at))))
      (else
        (i32.load8_u offset=151560
          (i32.add
            (local.get $table)
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 48)))
              (i32.load offset=16384 (local.get $table))))))))

  ;; One dimension of the inverse DCT of 4 columns of 8 i32, in place: libjpeg's jidctint.c (after Loeffler, Ligtenberg and Moschytz), whose whole numbers it keeps.
  (func $transform (param $from i32) (param $shift i32)
    (local $half i32) (local $u v128) (local $v v128) (local $w v128) (local $x v128)
    (local $e0 v128) (local $e1 v128) (local $e2 v128) (local $e3 v128)
    (local $o0 v128) (local $o1 v128) (local $o2 v128) (local $o3 v128)
    (local.set $half (i32.shl (i32.const 1) (i32.sub (local.get $shift) (i32.const 1))))
    (local.set $u (v128.load offset=64 (local.get $from)))
    (local.set $v (v128.load offset=192 (local.get $from)))
    (local.set $w (i32x4.mul (i32x4.add (local.get $u) (local.get $v)) (i32x4.splat (i32.const 4433))))
    (local.set $e2 (i32x4.add (local.get $w) (i32x4.mul (local.get $v) (i32x4.splat (i32.const -15137)))))
    (local.set $e3 (i32x4.add (local.get $w) (i32x4.mul (local.get $u) (i32x4.splat (i32.const 6270)))))
    (local.set $u (v128.load (local.get $from)))
    (local.set $v (v128.load offset=128 (local.get $from)))
    (local.set $w (i32x4.shl (i32x4.add (local.get $u) (local.get $v)) (i32.const 13)))
    (local.set $v (i32x4.shl (i32x4.sub (local.get $u) (local.get $v)) (i32.const 13)))
    (local.set $w (i32x4.add (local.get $w) (i32x4.splat (local.get $half))))
    (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $half))))
    (local.set $e0 (i32x4.add (local.get $w) (local.get $e3)))
    (local.set $e3 (i32x4.sub (local.get $w) (local.get $e3)))
    (local.set $e1 (i32x4.add (local.get $v) (local.get $e2)))
    (local.set $e2 (i32x4.sub (local.get $v) (local.get $e2)))
    (local.set $o0 (v128.load offset=224 (local.get $from)))
    (local.set $o1 (v128.load offset=160 (local.get $from)))
    (local.set $o2 (v128.load offset=96 (local.get $from)))
    (local.set $o3 (v128.load offset=32 (local.get $from)))
    (local.set $u (i32x4.add (local.get $o0) (local.get $o2)))
    (local.set $v (i32x4.add (local.get $o1) (local.get $o3)))
    (local.set $w (i32x4.mul (i32x4.add (local.get $u) (local.get $v)) (i32x4.splat (i32.const 9633))))
    (local.set $u (i32x4.add (i32x4.mul (local.get $u) (i32x4.splat (i32.const -16069))) (local.get $w)))
    (local.set $v (i32x4.add (i32x4.mul (local.get $v) (i32x4.splat (i32.const -3196))) (local.get $w)))
    (local.set $w (i32x4.mul (i32x4.add (local.get $o0) (local.get $o3)) (i32x4.splat (i32.const -7373))))
    (local.set $x (i32x4.mul (i32x4.add (local.get $o1) (local.get $o2)) (i32x4.splat (i32.const -20995))))
    (local.set $o0 (i32x4.add (i32x4.mul (local.get $o0) (i32x4.splat (i32.const 2446))) (i32x4.add (local.get $w) (local.get $u))))
    (local.set $o1 (i32x4.add (i32x4.mul (local.get $o1) (i32x4.splat (i32.const 16819))) (i32x4.add (local.get $x) (local.get $v))))
    (local.set $o2 (i32x4.add (i32x4.mul (local.get $o2) (i32x4.splat (i32.const 25172))) (i32x4.add (local.get $x) (local.get $u))))
    (local.set $o3 (i32x4.add (i32x4.mul (local.get $o3) (i32x4.splat (i32.const 12299))) (i32x4.add (local.get $w) (local.get $v))))
    (v128.store (local.get $from) (i32x4.shr_s (i32x4.add (local.get $e0) (local.get $o3)) (local.get $shift)))
    (v128.store offset=32 (local.get $from) (i32x4.shr_s (i32x4.add (local.get $e1) (local.get $o2)) (local.get $shift)))
    (v128.store offset=64 (local.get $from) (i32x4.shr_s (i32x4.add (local.get $e2) (local.get $o1)) (local.get $shift)))
    (v128.store offset=96 (local.get $from) (i32x4.shr_s (i32x4.add (local.get $e3) (local.get $o0)) (local.get $shift)))
    (v128.store offset=128 (local.get $from) (i32x4.shr_s (i32x4.sub (local.get $e3) (local.get $o0)) (local.get $shift)))
    (v128.store offset=160 (local.get $from) (i32x4.shr_s (i32x4.sub (local.get $e2) (local.get $o1)) (local.get $shift)))
    (v128.store offset=192 (local.get $from) (i32x4.shr_s (i32x4.sub (local.get $e1) (local.get $o2)) (local.get $shift)))
    (v128.store offset=224 (local.get $from) (i32x4.shr_s (i32x4.sub (local.get $e0) (local.get $o3)) (local.get $shift))))

  ;; Transposes 4×4 i32 of rows of 8.
  (func $transpose (param $from i32) (param $to i32)
    (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $r0 (v128.load (local.get $from)))
    (local.set $r1 (v128.load offset=32 (local.get $from)))
    (local.set $r2 (v128.load offset=64 (local.get $from)))
    (local.set $r3 (v128.load offset=96 (local.get $from)))
    (local.set $a (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $r0) (local.get $r1)))
    (local.set $b (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $r2) (local.get $r3)))
    (local.set $c (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $r0) (local.get $r1)))
    (local.set $d (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $r2) (local.get $r3)))
    (v128.store (local.get $to) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b)))
    (v128.store offset=32 (local.get $to) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b)))
    (v128.store offset=64 (local.get $to) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $c) (local.get $d)))
    (v128.store offset=96 (local.get $to) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $c) (local.get $d))))

  ;; Writes 8×8 i32, transposed, as samples 0..255.
  (func $write (param $from i32) (param $to i32) (param $stride i32)
    (local $middle v128) (local $v0 v128) (local $v1 v128) (local $v2 v128) (local $v3 v128)
    (local $t0 v128) (local $t1 v128) (local $t2 v128) (local $t3 v128)
    (local.set $middle (i16x8.splat (i32.const 128)))
    (local.set $v0 (i8x16.narrow_i16x8_u (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=0 (local.get $from)) (v128.load offset=16 (local.get $from))) (local.get $middle)) (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=32 (local.get $from)) (v128.load offset=48 (local.get $from))) (local.get $middle))))
    (local.set $v1 (i8x16.narrow_i16x8_u (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=64 (local.get $from)) (v128.load offset=80 (local.get $from))) (local.get $middle)) (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=96 (local.get $from)) (v128.load offset=112 (local.get $from))) (local.get $middle))))
    (local.set $v2 (i8x16.narrow_i16x8_u (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=128 (local.get $from)) (v128.load offset=144 (local.get $from))) (local.get $middle)) (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=160 (local.get $from)) (v128.load offset=176 (local.get $from))) (local.get $middle))))
    (local.set $v3 (i8x16.narrow_i16x8_u (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=192 (local.get $from)) (v128.load offset=208 (local.get $from))) (local.get $middle)) (i16x8.add_sat_s (i16x8.narrow_i32x4_s (v128.load offset=224 (local.get $from)) (v128.load offset=240 (local.get $from))) (local.get $middle))))
    (local.set $t0 (i8x16.shuffle 0 8 16 24 1 9 17 25 2 10 18 26 3 11 19 27 (local.get $v0) (local.get $v1)))
    (local.set $t1 (i8x16.shuffle 4 12 20 28 5 13 21 29 6 14 22 30 7 15 23 31 (local.get $v0) (local.get $v1)))
    (local.set $t2 (i8x16.shuffle 0 8 16 24 1 9 17 25 2 10 18 26 3 11 19 27 (local.get $v2) (local.get $v3)))
    (local.set $t3 (i8x16.shuffle 4 12 20 28 5 13 21 29 6 14 22 30 7 15 23 31 (local.get $v2) (local.get $v3)))
    (local.set $v0 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $t0) (local.get $t2)))
    (v128.store64_lane 0 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (local.set $v0 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $t0) (local.get $t2)))
    (v128.store64_lane 0 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (local.set $v0 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $t1) (local.get $t3)))
    (v128.store64_lane 0 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (local.set $v0 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $t1) (local.get $t3)))
    (v128.store64_lane 0 (local.get $to) (local.get $v0))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v0)))

  ;; The samples of a block of which only the first coefficient is not 0.
  (func $writeFlat (param $level i32) (param $to i32) (param $stride i32)
    (local $v v128) (local $rows i32)
    (local.set $v
      (i16x8.splat
        (i32.add (i32.const 128) (i32.shr_s (i32.add (local.get $level) (i32.const 4)) (i32.const 3)))))
    (local.set $v (i8x16.narrow_i16x8_u (local.get $v) (local.get $v)))
    (local.set $rows (i32.const 8))
    (loop $row
      (v128.store64_lane 0 (local.get $to) (local.get $v))
      (local.set $to (i32.add (local.get $to) (local.get $stride)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows))))

  (func $writeBlock (param $work i32) (param $to i32) (param $stride i32)
    (local $other i32)
    (local.set $other (i32.add (local.get $work) (i32.const 256)))
    (call $transform (local.get $work) (i32.const 11))
    (call $transform (i32.add (local.get $work) (i32.const 16)) (i32.const 11))
    (call $transpose (local.get $work) (local.get $other))
    (call $transpose (i32.add (local.get $work) (i32.const 16)) (i32.add (local.get $other) (i32.const 128)))
    (call $transpose (i32.add (local.get $work) (i32.const 128)) (i32.add (local.get $other) (i32.const 16)))
    (call $transpose (i32.add (local.get $work) (i32.const 144)) (i32.add (local.get $other) (i32.const 144)))
    (call $transform (local.get $other) (i32.const 18))
    (call $transform (i32.add (local.get $other) (i32.const 16)) (i32.const 18))
    (call $write (local.get $other) (local.get $to) (local.get $stride)))

  ;; Reads `units` more units, and writes their samples where they are wanted. Gives 0 as `read` does.
  (func (export "part") (param $units i32) (param $wanted i32) (result i32)
    (local $position i32) (local $end i32) (local $work i32) (local $block i32) (local $blocks i32) (local $entry i32)
    (local $k i32) (local $size i32) (local $level i32) (local $table i32) (local $quantisers i32) (local $flat i32) (local $bits i64)
    (local.set $position (i32.load (i32.const 0)))
    (local.set $end (i32.load offset=4 (i32.const 0)))
    (local.set $work (i32.load offset=36 (i32.const 0)))
    (local.set $blocks (i32.add (i32.const 64) (i32.shl (i32.load offset=32 (i32.const 0)) (i32.const 5))))
    (loop $unit
      (local.set $block (i32.const 64))
      (loop $nextBlock
        (local.set $bits (call $window (local.get $position)))
        (local.set $entry (call $single (i32.load (local.get $block)) (local.get $bits)))
        (if (i32.eqz (local.get $entry)) (then (return (i32.const 0))))
        (local.set $k (i32.shr_u (local.get $entry) (i32.const 5)))
        (local.set $entry (i32.and (local.get $entry) (i32.const 31)))
        (local.set $position (i32.add (local.get $position) (local.get $entry)))
        (local.set $level
          (i32.add
            (i32.load (i32.load offset=8 (local.get $block)))
            (call $value
              (i64.shl (local.get $bits) (i64.extend_i32_u (i32.sub (local.get $entry) (local.get $k))))
              (local.get $k))))
        (i32.store (i32.load offset=8 (local.get $block)) (local.get $level))
        (local.set $table (i32.load offset=4 (local.get $block)))
        (if (local.get $wanted)
          (then
            (v128.store (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=16 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=32 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=48 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=64 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=80 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=96 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=112 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=128 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=144 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=160 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=176 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=192 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=208 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=224 (local.get $work) (v128.const i32x4 0 0 0 0))
            (v128.store offset=240 (local.get $work) (v128.const i32x4 0 0 0 0))
            (local.set $quantisers (i32.load offset=12 (local.get $block)))
            (local.set $level (i32.mul (local.get $level) (i32.load (local.get $quantisers))))
            (i32.store (local.get $work) (local.get $level))
            (local.set $flat (i32.const 1))
            (local.set $k (i32.const 1))
            (block $done
              (loop $codes
                (local.set $bits (call $window (local.get $position)))
                (local.set $entry (call $single (local.get $table) (local.get $bits)))
                (if (i32.eqz (local.get $entry)) (then (return (i32.const 0))))
                (local.set $size (call $valueBits (local.get $table) (local.get $bits)))
                (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 5))))
                (local.set $entry (i32.and (local.get $entry) (i32.const 31)))
                (local.set $position (i32.add (local.get $position) (local.get $entry)))
                (br_if $done (i32.ge_u (local.get $k) (i32.const 128)))
                (if (i32.gt_u (local.get $k) (i32.const 64)) (then (return (i32.const 0))))
                (if (local.get $size)
                  (then
                    (local.set $flat (i32.const 0))
                    ;; The last of the coefficients that were passed is the one with the value.
                    (local.set $quantisers
                      (i32.add
                        (i32.load offset=12 (local.get $block))
                        (i32.shl (i32.sub (local.get $k) (i32.const 1)) (i32.const 3))))
                    (i32.store
                      (i32.add (local.get $work) (i32.load offset=4 (local.get $quantisers)))
                      (i32.mul
                        (i32.load (local.get $quantisers))
                        (call $value
                          (i64.shl (local.get $bits) (i64.extend_i32_u (i32.sub (local.get $entry) (local.get $size))))
                          (local.get $size))))))
                (br_if $codes (i32.lt_u (local.get $k) (i32.const 64)))))
            (if (local.get $flat)
              (then
                (call $writeFlat
                  (local.get $level)
                  (i32.load offset=16 (local.get $block))
                  (i32.load offset=20 (local.get $block))))
              (else
                (call $writeBlock
                  (local.get $work)
                  (i32.load offset=16 (local.get $block))
                  (i32.load offset=20 (local.get $block)))))
            (i32.store offset=16
              (local.get $block)
              (i32.add (i32.load offset=16 (local.get $block)) (i32.load offset=24 (local.get $block)))))
          (else
            (local.set $position (call $passCoefficients (local.get $position) (local.get $table)))
            (if (i32.lt_s (local.get $position) (i32.const 0)) (then (return (i32.const 0))))))
        (local.set $block (i32.add (local.get $block) (i32.const 32)))
        (br_if $nextBlock (i32.lt_u (local.get $block) (local.get $blocks))))
      (if (i32.gt_u (local.get $position) (local.get $end)) (then (return (i32.const 0))))
      (local.set $units (i32.sub (local.get $units) (i32.const 1)))
      (br_if $unit (local.get $units)))
    (i32.store (i32.const 0) (local.get $position))
    (i32.const 1))

  ;; Three times a row of samples and once the row next to it: 8 of each.
  (func $blend (param $row i32) (param $next i32) (result v128)
    (i16x8.add
      (i16x8.mul (v128.load8x8_u (local.get $row)) (i16x8.splat (i32.const 3)))
      (v128.load8x8_u (local.get $next))))

  ;; Makes `count` (a multiple of 8) samples of two rows twice as many, as libjpeg's "fancy upsampling" does. It reads one sample before and after them.
  (func (export "widen") (param $row i32) (param $next i32) (param $out i32) (param $count i32) (param $roundEven i32) (param $roundOdd i32)
    (local $this v128) (local $even v128) (local $odd v128)
    (loop $some
      (local.set $this
        (i16x8.mul (call $blend (local.get $row) (local.get $next)) (i16x8.splat (i32.const 3))))
      (local.set $even
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add
              (local.get $this)
              (call $blend (i32.sub (local.get $row) (i32.const 1)) (i32.sub (local.get $next) (i32.const 1))))
            (i16x8.splat (local.get $roundEven)))
          (i32.const 4)))
      (local.set $odd
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add
              (local.get $this)
              (call $blend (i32.add (local.get $row) (i32.const 1)) (i32.add (local.get $next) (i32.const 1))))
            (i16x8.splat (local.get $roundOdd)))
          (i32.const 4)))
      (v128.store (local.get $out) (v128.or (local.get $even) (i16x8.shl (local.get $odd) (i32.const 8))))
      (local.set $row (i32.add (local.get $row) (i32.const 8)))
      (local.set $next (i32.add (local.get $next) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $count (i32.sub (local.get $count) (i32.const 8)))
      (br_if $some (local.get $count))))

  ;; (v · factor + 2^15) / 2^16 of 8 i16, rounded down.
  (func $scale (param $v v128) (param $factor i32) (param $w v128) (param $other i32) (result v128)
    (local $f v128) (local $g v128) (local $half v128)
    (local.set $f (i16x8.splat (local.get $factor)))
    (local.set $g (i16x8.splat (local.get $other)))
    (local.set $half (i32x4.splat (i32.const 32768)))
    (i16x8.narrow_i32x4_s
      (i32x4.shr_s
        (i32x4.add
          (local.get $half)
          (i32x4.add
            (i32x4.extmul_low_i16x8_s (local.get $v) (local.get $f))
            (i32x4.extmul_low_i16x8_s (local.get $w) (local.get $g))))
        (i32.const 16))
      (i32x4.shr_s
        (i32x4.add
          (local.get $half)
          (i32x4.add
            (i32x4.extmul_high_i16x8_s (local.get $v) (local.get $f))
            (i32x4.extmul_high_i16x8_s (local.get $w) (local.get $g))))
        (i32.const 16))))

  ;; Makes `count` (a multiple of 8) pixels RGB of Y, Cb and Cr, by the whole numbers of libjpeg's jdcolor.c: 1.402, 0.34414, 0.71414 and 1.772 in units of 2^-16,
  ;; less what would not fit in 16 bits.
  (func (export "colour") (param $y i32) (param $cb i32) (param $cr i32) (param $out i32) (param $count i32)
    (local $l v128) (local $b v128) (local $r v128) (local $rg v128) (local $bb v128)
    (loop $some
      (local.set $l (v128.load8x8_u (local.get $y)))
      (local.set $b (i16x8.sub (v128.load8x8_u (local.get $cb)) (i16x8.splat (i32.const 128))))
      (local.set $r (i16x8.sub (v128.load8x8_u (local.get $cr)) (i16x8.splat (i32.const 128))))
      (local.set $rg
        (i8x16.narrow_i16x8_u
          (i16x8.add
            (i16x8.add (local.get $l) (local.get $r))
            (call $scale (local.get $r) (i32.const 26345) (local.get $r) (i32.const 0)))
          (i16x8.add
            (i16x8.sub (local.get $l) (local.get $r))
            (call $scale (local.get $r) (i32.const 18734) (local.get $b) (i32.const -22554)))))
      (local.set $bb
        (i16x8.add
          (i16x8.add (local.get $l) (i16x8.shl (local.get $b) (i32.const 1)))
          (call $scale (local.get $b) (i32.const -14942) (local.get $b) (i32.const 0))))
      (local.set $bb (i8x16.narrow_i16x8_u (local.get $bb) (local.get $bb)))
      (v128.store
        (local.get $out)
        (i8x16.shuffle 0 8 16 1 9 17 2 10 18 3 11 19 4 12 20 5 (local.get $rg) (local.get $bb)))
      (v128.store64_lane offset=16 0
        (local.get $out)
        (i8x16.shuffle 13 21 6 14 22 7 15 23 0 0 0 0 0 0 0 0 (local.get $rg) (local.get $bb)))
      (local.set $y (i32.add (local.get $y) (i32.const 8)))
      (local.set $cb (i32.add (local.get $cb) (i32.const 8)))
      (local.set $cr (i32.add (local.get $cr) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 24)))
      (local.set $count (i32.sub (local.get $count) (i32.const 8)))
      (br_if $some (local.get $count)))))
