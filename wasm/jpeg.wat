;; Reads the entropy-coded data of a baseline JPEG (ITU-T T.81, annex F.2) for the DC coefficients of its first component, which are the
;; means of its blocks of 8×8 samples, or for the pixels of a part of it. The other coefficients are passed over, several at a time. Pointers are byte offsets in the memory.
;;
;; The data lies backwards, from `top` down: so the next bits, the first in the highest, are one load of 64 bits, which has the lowest byte in the lowest bits.
;;
;; A table has eight parts, made by src/vision/jpeg/tables.ts: entries for the next 12 bits, of as many whole codes as lie in them; entries for
;; the next 12 bits, of the first code in them; a number (u32) that is the least 16 bits of the codes with more than 12; the entries of
;; those, by the next 16 bits less that number. Behind them are, as bytes, how many bits the value of the first code in 12 bits has, and of each of those with more. An entry (u16) has in its low 6 bits how many bits it takes, values included, and in the others how many
;; coefficients it is (of a DC table: the bits of the value); 128 of that say that the block ends, and 255 that the entry before has no say.
;; An entry of 0 is no code. The last part has, for the next 10 bits, a code with its value where both lie in them (u32): in its low 6 bits how many bits it takes, in the next 8 how many
;; coefficients it is, in its high 16 the value. 0: they don't.
(module
  (import "vision" "memory" (memory 1))

  ;; The state, at 0: 0 position in bits, 4 where the data ends in bits, 8 top, 12 where the next unit's means go,
  ;; 16 units left in the row, 20 units of a row, 24 bytes from unit to unit, 28 bytes from the end of a row of units to the next, 32 blocks of a unit,
  ;; 36 128 bytes to work in, 40 where the next unit is put on record, 48 the DC coefficient before of each of three components.
  ;; From 64 on, for each block of a unit (32 bytes): its DC table, its AC table, where its component's DC coefficient before is, and for the means: 1 where its mean is wanted,
  ;; bytes from the unit's first mean to its own.

  ;; Takes out the zeros behind 255 in the data from `at` up to the next marker, and writes it from `out` down. Gives where the marker is, or `end`; the end of what
  ;; was written is the data's end in the state.
  (func (export "unstuff") (param $at i32) (param $end i32) (param $out i32) (result i32)
    (local $v v128) (local $found i32)
    (block $marker
      (loop $next
        (br_if $marker (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $v (v128.load (local.get $at)))
        (v128.store
          (i32.sub (local.get $out) (i32.const 16))
          (i8x16.shuffle 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 (local.get $v) (local.get $v)))
        (local.set $found
          (i32.ctz
            (i32.or
              (i8x16.bitmask (i8x16.eq (local.get $v) (v128.const i32x4 -1 -1 -1 -1)))
              (i32.const 0x10000))))
        (local.set $at (i32.add (local.get $at) (local.get $found)))
        (local.set $out (i32.sub (local.get $out) (local.get $found)))
        (br_if $next (i32.eq (local.get $found) (i32.const 16)))
        (br_if $marker (i32.load8_u offset=1 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (local.set $out (i32.sub (local.get $out) (i32.const 1)))
        (br $next)))
    (if (i32.gt_u (local.get $at) (local.get $end))
      (then
        (local.set $out (i32.add (local.get $out) (i32.sub (local.get $at) (local.get $end))))
        (local.set $at (local.get $end))))
    (i32.store offset=4
      (i32.const 0)
      (i32.shl (i32.sub (i32.load offset=8 (i32.const 0)) (local.get $out)) (i32.const 3)))
    (local.get $at))

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

  ;; Passes over a block, but for its DC coefficient. Gives the position behind it, or -1 where there is no such code or too many coefficients.
  (func $passBlock (param $position i32) (param $block i32) (result i32)
    (local $at i32) (local $count i32) (local $table i32) (local $entry i32) (local $k i32) (local $level i32) (local $bits i64)
    ;; `bits` are the next bits, of which `count` are known to be there; those of the bytes below `at` follow. Filled up, `count` is 56 or more.
    (local.set $at (i32.sub (i32.load offset=8 (i32.const 0)) (i32.shr_u (local.get $position) (i32.const 3))))
    (local.set $bits
      (i64.shl
        (i64.load (i32.sub (local.get $at) (i32.const 8)))
        (i64.extend_i32_u (i32.and (local.get $position) (i32.const 7)))))
    (local.set $at (i32.sub (local.get $at) (i32.const 7)))
    (local.set $count (i32.sub (i32.const 56) (i32.and (local.get $position) (i32.const 7))))
    ;; DC: the difference to the block before. It takes 31 bits at the most.
    (local.set $entry
      (i32.load offset=217104
        (i32.add
          (i32.load (local.get $block))
          (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
    (if (local.get $entry)
      (then (local.set $level (i32.shr_s (local.get $entry) (i32.const 16))))
      (else
        (local.set $entry (call $single (i32.load (local.get $block)) (local.get $bits)))
        (if (i32.eqz (local.get $entry)) (then (return (i32.const -1))))
        (local.set $k (i32.shr_u (local.get $entry) (i32.const 6)))
        (local.set $level
          (call $value
            (i64.shl
              (local.get $bits)
              (i64.extend_i32_u (i32.sub (i32.and (local.get $entry) (i32.const 63)) (local.get $k))))
            (local.get $k)))))
    (local.set $level (i32.add (local.get $level) (i32.load (i32.load offset=8 (local.get $block)))))
    (i32.store (i32.load offset=8 (local.get $block)) (local.get $level))
    (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
    (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
    (local.set $table (i32.load offset=4 (local.get $block)))
    ;; `k` coefficients were passed.
    (local.set $k (i32.const 1))
    (loop $codes
      (block $some
        (local.set $bits
          (i64.or
            (local.get $bits)
            (i64.shr_u (i64.load (i32.sub (local.get $at) (i32.const 8))) (i64.extend_i32_u (local.get $count)))))
        (local.set $at
          (i32.sub (local.get $at) (i32.shr_u (i32.sub (i32.const 63) (local.get $count)) (i32.const 3))))
        (local.set $count (i32.or (local.get $count) (i32.const 56)))
        (local.set $entry
          (i32.load16_u
            (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))) (i32.const 1)))))
        (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 6))))
        (br_if $some (i32.ge_u (local.get $k) (i32.const 64)))
        (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
        (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
        (local.set $entry
          (i32.load16_u
            (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))) (i32.const 1)))))
        (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 6))))
        (br_if $some (i32.ge_u (local.get $k) (i32.const 64)))
        (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
        (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
        ;; An entry takes 27 bits at the most.
        (br_if $codes (i32.lt_u (local.get $count) (i32.const 27)))
        (local.set $entry
          (i32.load16_u
            (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 52))) (i32.const 1)))))
        (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 6))))
        (br_if $some (i32.ge_u (local.get $k) (i32.const 64)))
        (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
        (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
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
          (local.set $k (i32.sub (local.get $k) (i32.shr_u (local.get $entry) (i32.const 6))))
          (local.set $bits
            (i64.or
              (local.get $bits)
              (i64.shr_u (i64.load (i32.sub (local.get $at) (i32.const 8))) (i64.extend_i32_u (local.get $count)))))
          (local.set $at
            (i32.sub (local.get $at) (i32.shr_u (i32.sub (i32.const 63) (local.get $count)) (i32.const 3))))
          (local.set $count (i32.or (local.get $count) (i32.const 56)))
          (local.set $entry (call $single (local.get $table) (local.get $bits)))
          (if (i32.eqz (local.get $entry)) (then (return (i32.const -1))))
          (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 6))))
          (if (i32.lt_u (local.get $k) (i32.const 64))
            (then
              (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
              (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
              (br $codes)))
          (if
            (i32.and
              (i32.gt_u (local.get $k) (i32.const 64))
              (i32.lt_u (local.get $k) (i32.const 128)))
            (then (return (i32.const -1)))))))
    (i32.add
      (i32.sub
        (i32.shl (i32.sub (i32.load offset=8 (i32.const 0)) (local.get $at)) (i32.const 3))
        (local.get $count))
      (i32.and (local.get $entry) (i32.const 63))))

  ;; Reads `units` more units (MCU). Gives 0 where the data has no such code, a block too many coefficients, or ends before.
  (func (export "read") (param $units i32) (result i32)
    (local $position i32) (local $end i32) (local $out i32) (local $left i32) (local $block i32) (local $blocks i32)
    (local.set $position (i32.load (i32.const 0)))
    (local.set $end (i32.load offset=4 (i32.const 0)))
    (local.set $out (i32.load offset=12 (i32.const 0)))
    (local.set $left (i32.load offset=16 (i32.const 0)))
    (local.set $blocks (i32.add (i32.const 64) (i32.shl (i32.load offset=32 (i32.const 0)) (i32.const 5))))
    (loop $unit
      (local.set $block (i32.const 64))
      (loop $nextBlock
        (local.set $position (call $passBlock (local.get $position) (local.get $block)))
        (if (i32.lt_s (local.get $position) (i32.const 0)) (then (return (i32.const 0))))
        (if (i32.load offset=12 (local.get $block))
          (then
            (i32.store16
              (i32.add (local.get $out) (i32.load offset=16 (local.get $block)))
              (i32.load (i32.load offset=8 (local.get $block))))))
        (local.set $block (i32.add (local.get $block) (i32.const 32)))
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
    (i32.store offset=12 (i32.const 0) (local.get $out))
    (i32.store offset=16 (i32.const 0) (local.get $left))
    (i32.const 1))

  ;; What follows makes the pixels of a part. For each block of a unit there are, behind its component's DC coefficient: its component's quantisers, where
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

  ;; One dimension of the inverse DCT of 8 columns of 8 i16, in place, and the block turned so that its columns become rows: libjpeg's jidctint.c (after Loeffler,
  ;; Ligtenberg and Moschytz), whose whole numbers it keeps. Each of its sums of products is written out here, as sums of two products are one instruction.
  (func $transform (param $block i32) (param $shift i32)
    (local $half v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $t v128) (local $u v128)
    (local $e0 v128) (local $e1 v128) (local $e2 v128) (local $e3 v128)
    (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128) (local $r4 v128) (local $r5 v128) (local $r6 v128) (local $r7 v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128) (local $s4 v128) (local $s5 v128) (local $s6 v128) (local $s7 v128)
    (local.set $half (i32x4.splat (i32.shl (i32.const 1) (i32.sub (local.get $shift) (i32.const 1)))))
    (local.set $r0 (v128.load (local.get $block)))
    (local.set $r1 (v128.load offset=16 (local.get $block)))
    (local.set $r2 (v128.load offset=32 (local.get $block)))
    (local.set $r3 (v128.load offset=48 (local.get $block)))
    (local.set $r4 (v128.load offset=64 (local.get $block)))
    (local.set $r5 (v128.load offset=80 (local.get $block)))
    (local.set $r6 (v128.load offset=96 (local.get $block)))
    (local.set $r7 (v128.load offset=112 (local.get $block)))
    (local.set $a (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $r0) (local.get $r4)))
    (local.set $b (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $r2) (local.get $r6)))
    (local.set $c (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $r1) (local.get $r7)))
    (local.set $d (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $r3) (local.get $r5)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $a) (v128.const i16x8 8192 8192 8192 8192 8192 8192 8192 8192)) (local.get $half)))
    (local.set $u (i32x4.dot_i16x8_s (local.get $b) (v128.const i16x8 10703 4433 10703 4433 10703 4433 10703 4433)))
    (local.set $e0 (i32x4.add (local.get $t) (local.get $u)))
    (local.set $e3 (i32x4.sub (local.get $t) (local.get $u)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $a) (v128.const i16x8 8192 -8192 8192 -8192 8192 -8192 8192 -8192)) (local.get $half)))
    (local.set $u (i32x4.dot_i16x8_s (local.get $b) (v128.const i16x8 4433 -10704 4433 -10704 4433 -10704 4433 -10704)))
    (local.set $e1 (i32x4.add (local.get $t) (local.get $u)))
    (local.set $e2 (i32x4.sub (local.get $t) (local.get $u)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 11363 2260 11363 2260 11363 2260 11363 2260)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 9633 6437 9633 6437 9633 6437 9633 6437))))
    (local.set $s0 (i32x4.shr_s (i32x4.add (local.get $e0) (local.get $t)) (local.get $shift)))
    (local.set $s7 (i32x4.shr_s (i32x4.sub (local.get $e0) (local.get $t)) (local.get $shift)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 9633 -6436 9633 -6436 9633 -6436 9633 -6436)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 -2259 -11362 -2259 -11362 -2259 -11362 -2259 -11362))))
    (local.set $s1 (i32x4.shr_s (i32x4.add (local.get $e1) (local.get $t)) (local.get $shift)))
    (local.set $s6 (i32x4.shr_s (i32x4.sub (local.get $e1) (local.get $t)) (local.get $shift)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 6437 9633 6437 9633 6437 9633 6437 9633)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 -11362 2261 -11362 2261 -11362 2261 -11362 2261))))
    (local.set $s2 (i32x4.shr_s (i32x4.add (local.get $e2) (local.get $t)) (local.get $shift)))
    (local.set $s5 (i32x4.shr_s (i32x4.sub (local.get $e2) (local.get $t)) (local.get $shift)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 2260 -11363 2260 -11363 2260 -11363 2260 -11363)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 -6436 9633 -6436 9633 -6436 9633 -6436 9633))))
    (local.set $s3 (i32x4.shr_s (i32x4.add (local.get $e3) (local.get $t)) (local.get $shift)))
    (local.set $s4 (i32x4.shr_s (i32x4.sub (local.get $e3) (local.get $t)) (local.get $shift)))
    (local.set $a (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $r0) (local.get $r4)))
    (local.set $b (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $r2) (local.get $r6)))
    (local.set $c (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $r1) (local.get $r7)))
    (local.set $d (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $r3) (local.get $r5)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $a) (v128.const i16x8 8192 8192 8192 8192 8192 8192 8192 8192)) (local.get $half)))
    (local.set $u (i32x4.dot_i16x8_s (local.get $b) (v128.const i16x8 10703 4433 10703 4433 10703 4433 10703 4433)))
    (local.set $e0 (i32x4.add (local.get $t) (local.get $u)))
    (local.set $e3 (i32x4.sub (local.get $t) (local.get $u)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $a) (v128.const i16x8 8192 -8192 8192 -8192 8192 -8192 8192 -8192)) (local.get $half)))
    (local.set $u (i32x4.dot_i16x8_s (local.get $b) (v128.const i16x8 4433 -10704 4433 -10704 4433 -10704 4433 -10704)))
    (local.set $e1 (i32x4.add (local.get $t) (local.get $u)))
    (local.set $e2 (i32x4.sub (local.get $t) (local.get $u)))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 11363 2260 11363 2260 11363 2260 11363 2260)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 9633 6437 9633 6437 9633 6437 9633 6437))))
    (local.set $s0 (i16x8.narrow_i32x4_s (local.get $s0) (i32x4.shr_s (i32x4.add (local.get $e0) (local.get $t)) (local.get $shift))))
    (local.set $s7 (i16x8.narrow_i32x4_s (local.get $s7) (i32x4.shr_s (i32x4.sub (local.get $e0) (local.get $t)) (local.get $shift))))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 9633 -6436 9633 -6436 9633 -6436 9633 -6436)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 -2259 -11362 -2259 -11362 -2259 -11362 -2259 -11362))))
    (local.set $s1 (i16x8.narrow_i32x4_s (local.get $s1) (i32x4.shr_s (i32x4.add (local.get $e1) (local.get $t)) (local.get $shift))))
    (local.set $s6 (i16x8.narrow_i32x4_s (local.get $s6) (i32x4.shr_s (i32x4.sub (local.get $e1) (local.get $t)) (local.get $shift))))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 6437 9633 6437 9633 6437 9633 6437 9633)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 -11362 2261 -11362 2261 -11362 2261 -11362 2261))))
    (local.set $s2 (i16x8.narrow_i32x4_s (local.get $s2) (i32x4.shr_s (i32x4.add (local.get $e2) (local.get $t)) (local.get $shift))))
    (local.set $s5 (i16x8.narrow_i32x4_s (local.get $s5) (i32x4.shr_s (i32x4.sub (local.get $e2) (local.get $t)) (local.get $shift))))
    (local.set $t (i32x4.add (i32x4.dot_i16x8_s (local.get $c) (v128.const i16x8 2260 -11363 2260 -11363 2260 -11363 2260 -11363)) (i32x4.dot_i16x8_s (local.get $d) (v128.const i16x8 -6436 9633 -6436 9633 -6436 9633 -6436 9633))))
    (local.set $s3 (i16x8.narrow_i32x4_s (local.get $s3) (i32x4.shr_s (i32x4.add (local.get $e3) (local.get $t)) (local.get $shift))))
    (local.set $s4 (i16x8.narrow_i32x4_s (local.get $s4) (i32x4.shr_s (i32x4.sub (local.get $e3) (local.get $t)) (local.get $shift))))
    (local.set $r0 (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $s0) (local.get $s1)))
    (local.set $r1 (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $s0) (local.get $s1)))
    (local.set $r2 (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $s2) (local.get $s3)))
    (local.set $r3 (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $s2) (local.get $s3)))
    (local.set $r4 (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $s4) (local.get $s5)))
    (local.set $r5 (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $s4) (local.get $s5)))
    (local.set $r6 (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $s6) (local.get $s7)))
    (local.set $r7 (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $s6) (local.get $s7)))
    (local.set $s0 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $r0) (local.get $r2)))
    (local.set $s1 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $r0) (local.get $r2)))
    (local.set $s2 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $r1) (local.get $r3)))
    (local.set $s3 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $r1) (local.get $r3)))
    (local.set $s4 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $r4) (local.get $r6)))
    (local.set $s5 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $r4) (local.get $r6)))
    (local.set $s6 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $r5) (local.get $r7)))
    (local.set $s7 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $r5) (local.get $r7)))
    (v128.store (local.get $block) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $s0) (local.get $s4)))
    (v128.store offset=16 (local.get $block) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $s0) (local.get $s4)))
    (v128.store offset=32 (local.get $block) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $s1) (local.get $s5)))
    (v128.store offset=48 (local.get $block) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $s1) (local.get $s5)))
    (v128.store offset=64 (local.get $block) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $s2) (local.get $s6)))
    (v128.store offset=80 (local.get $block) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $s2) (local.get $s6)))
    (v128.store offset=96 (local.get $block) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $s3) (local.get $s7)))
    (v128.store offset=112 (local.get $block) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $s3) (local.get $s7))))

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
    (local $v v128)
    (call $transform (local.get $work) (i32.const 11))
    (call $transform (local.get $work) (i32.const 18))
    ;; 128 is the middle: as bytes, it is the sign the other way round.
    (local.set $v
      (v128.xor
        (i8x16.narrow_i16x8_s (v128.load offset=0 (local.get $work)) (v128.load offset=16 (local.get $work)))
        (v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080)))
    (v128.store64_lane 0 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (local.set $v
      (v128.xor
        (i8x16.narrow_i16x8_s (v128.load offset=32 (local.get $work)) (v128.load offset=48 (local.get $work)))
        (v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080)))
    (v128.store64_lane 0 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (local.set $v
      (v128.xor
        (i8x16.narrow_i16x8_s (v128.load offset=64 (local.get $work)) (v128.load offset=80 (local.get $work)))
        (v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080)))
    (v128.store64_lane 0 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (local.set $v
      (v128.xor
        (i8x16.narrow_i16x8_s (v128.load offset=96 (local.get $work)) (v128.load offset=112 (local.get $work)))
        (v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080)))
    (v128.store64_lane 0 (local.get $to) (local.get $v))
    (local.set $to (i32.add (local.get $to) (local.get $stride)))
    (v128.store64_lane 1 (local.get $to) (local.get $v)))

  ;; Reads a block, and writes its samples. Gives what `passBlock` does.
  (func $readBlock (param $position i32) (param $block i32) (result i32)
    (local $at i32) (local $count i32) (local $table i32) (local $entry i32) (local $k i32) (local $level i32) (local $bits i64)
    (local $work i32) (local $quantisers i32) (local $to i32) (local $size i32)
    (local.set $work (i32.load offset=36 (i32.const 0)))
    (v128.store (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=16 (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=32 (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=48 (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=64 (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=80 (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=96 (local.get $work) (v128.const i32x4 0 0 0 0))
    (v128.store offset=112 (local.get $work) (v128.const i32x4 0 0 0 0))
    ;; `bits` are the next bits, of which `count` are known to be there; those of the bytes below `at` follow. Filled up, `count` is 56 or more.
    (local.set $at (i32.sub (i32.load offset=8 (i32.const 0)) (i32.shr_u (local.get $position) (i32.const 3))))
    (local.set $bits
      (i64.shl
        (i64.load (i32.sub (local.get $at) (i32.const 8)))
        (i64.extend_i32_u (i32.and (local.get $position) (i32.const 7)))))
    (local.set $at (i32.sub (local.get $at) (i32.const 7)))
    (local.set $count (i32.sub (i32.const 56) (i32.and (local.get $position) (i32.const 7))))
    ;; DC: the difference to the block before. It takes 31 bits at the most.
    (local.set $entry
      (i32.load offset=217104
        (i32.add
          (i32.load (local.get $block))
          (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
    (if (local.get $entry)
      (then (local.set $level (i32.shr_s (local.get $entry) (i32.const 16))))
      (else
        (local.set $entry (call $single (i32.load (local.get $block)) (local.get $bits)))
        (if (i32.eqz (local.get $entry)) (then (return (i32.const -1))))
        (local.set $k (i32.shr_u (local.get $entry) (i32.const 6)))
        (local.set $level
          (call $value
            (i64.shl
              (local.get $bits)
              (i64.extend_i32_u (i32.sub (i32.and (local.get $entry) (i32.const 63)) (local.get $k))))
            (local.get $k)))))
    (local.set $level (i32.add (local.get $level) (i32.load (i32.load offset=8 (local.get $block)))))
    (i32.store (i32.load offset=8 (local.get $block)) (local.get $level))
    (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
    (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
    (local.set $table (i32.load offset=4 (local.get $block)))
    ;; `k` coefficients were passed.
    (local.set $k (i32.const 1))
    ;; Of the coefficient before the first: `k` counts the one that is read.
    (local.set $quantisers (i32.sub (i32.load offset=12 (local.get $block)) (i32.const 8)))
    (local.set $level (i32.mul (local.get $level) (i32.load offset=8 (local.get $quantisers))))
    (i32.store16 (local.get $work) (local.get $level))
    (block $last
      (loop $codes
        (block $slow
          (local.set $bits
            (i64.or
              (local.get $bits)
              (i64.shr_u (i64.load (i32.sub (local.get $at) (i32.const 8))) (i64.extend_i32_u (local.get $count)))))
          (local.set $at
            (i32.sub (local.get $at) (i32.shr_u (i32.sub (i32.const 63) (local.get $count)) (i32.const 3))))
          (local.set $count (i32.or (local.get $count) (i32.const 56)))
          ;; Five times 10 bits.
          (local.set $entry
            (i32.load offset=217104
              (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
          (br_if $slow (i32.eqz (local.get $entry)))
          (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
          (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
          (local.set $k (i32.add (local.get $k) (i32.and (i32.shr_u (local.get $entry) (i32.const 6)) (i32.const 255))))
          (local.set $level (i32.shr_s (local.get $entry) (i32.const 16)))
          (br_if $last (i32.ge_u (local.get $k) (i32.const 64)))
          (local.set $to (i32.add (local.get $quantisers) (i32.shl (local.get $k) (i32.const 3))))
          (i32.store16
            (i32.add (local.get $work) (i32.load offset=4 (local.get $to)))
            (i32.mul (local.get $level) (i32.load (local.get $to))))
          (local.set $entry
            (i32.load offset=217104
              (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
          (br_if $slow (i32.eqz (local.get $entry)))
          (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
          (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
          (local.set $k (i32.add (local.get $k) (i32.and (i32.shr_u (local.get $entry) (i32.const 6)) (i32.const 255))))
          (local.set $level (i32.shr_s (local.get $entry) (i32.const 16)))
          (br_if $last (i32.ge_u (local.get $k) (i32.const 64)))
          (local.set $to (i32.add (local.get $quantisers) (i32.shl (local.get $k) (i32.const 3))))
          (i32.store16
            (i32.add (local.get $work) (i32.load offset=4 (local.get $to)))
            (i32.mul (local.get $level) (i32.load (local.get $to))))
          (local.set $entry
            (i32.load offset=217104
              (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
          (br_if $slow (i32.eqz (local.get $entry)))
          (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
          (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
          (local.set $k (i32.add (local.get $k) (i32.and (i32.shr_u (local.get $entry) (i32.const 6)) (i32.const 255))))
          (local.set $level (i32.shr_s (local.get $entry) (i32.const 16)))
          (br_if $last (i32.ge_u (local.get $k) (i32.const 64)))
          (local.set $to (i32.add (local.get $quantisers) (i32.shl (local.get $k) (i32.const 3))))
          (i32.store16
            (i32.add (local.get $work) (i32.load offset=4 (local.get $to)))
            (i32.mul (local.get $level) (i32.load (local.get $to))))
          (local.set $entry
            (i32.load offset=217104
              (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
          (br_if $slow (i32.eqz (local.get $entry)))
          (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
          (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
          (local.set $k (i32.add (local.get $k) (i32.and (i32.shr_u (local.get $entry) (i32.const 6)) (i32.const 255))))
          (local.set $level (i32.shr_s (local.get $entry) (i32.const 16)))
          (br_if $last (i32.ge_u (local.get $k) (i32.const 64)))
          (local.set $to (i32.add (local.get $quantisers) (i32.shl (local.get $k) (i32.const 3))))
          (i32.store16
            (i32.add (local.get $work) (i32.load offset=4 (local.get $to)))
            (i32.mul (local.get $level) (i32.load (local.get $to))))
          (local.set $entry
            (i32.load offset=217104
              (i32.add (local.get $table) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 54))) (i32.const 2)))))
          (br_if $slow (i32.eqz (local.get $entry)))
          (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
          (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
          (local.set $k (i32.add (local.get $k) (i32.and (i32.shr_u (local.get $entry) (i32.const 6)) (i32.const 255))))
          (local.set $level (i32.shr_s (local.get $entry) (i32.const 16)))
          (br_if $last (i32.ge_u (local.get $k) (i32.const 64)))
          (local.set $to (i32.add (local.get $quantisers) (i32.shl (local.get $k) (i32.const 3))))
          (i32.store16
            (i32.add (local.get $work) (i32.load offset=4 (local.get $to)))
            (i32.mul (local.get $level) (i32.load (local.get $to))))
          (br $codes))
        (local.set $bits
          (i64.or
            (local.get $bits)
            (i64.shr_u (i64.load (i32.sub (local.get $at) (i32.const 8))) (i64.extend_i32_u (local.get $count)))))
        (local.set $at
          (i32.sub (local.get $at) (i32.shr_u (i32.sub (i32.const 63) (local.get $count)) (i32.const 3))))
        (local.set $count (i32.or (local.get $count) (i32.const 56)))
        (local.set $entry (call $single (local.get $table) (local.get $bits)))
        (if (i32.eqz (local.get $entry)) (then (return (i32.const -1))))
        (local.set $size (call $valueBits (local.get $table) (local.get $bits)))
        (local.set $level
          (if (result i32)
            (local.get $size)
            (then
              (call $value
                (i64.shl
                  (local.get $bits)
                  (i64.extend_i32_u (i32.sub (i32.and (local.get $entry) (i32.const 63)) (local.get $size))))
                (local.get $size)))
            (else (i32.const 0))))
        (local.set $bits (i64.shl (local.get $bits) (i64.extend_i32_u (local.get $entry))))
        (local.set $count (i32.sub (local.get $count) (i32.and (local.get $entry) (i32.const 63))))
        (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 6))))
        (br_if $last (i32.ge_u (local.get $k) (i32.const 64)))
        (local.set $to (i32.add (local.get $quantisers) (i32.shl (local.get $k) (i32.const 3))))
        (i32.store16
          (i32.add (local.get $work) (i32.load offset=4 (local.get $to)))
          (i32.mul (local.get $level) (i32.load (local.get $to))))
        (br $codes)))
    ;; The block ends with its last coefficient or with a code that says so.
    (if (i32.lt_u (local.get $k) (i32.const 128))
      (then
        (if (i32.gt_u (local.get $k) (i32.const 64)) (then (return (i32.const -1))))
        (i32.store16 offset=126
          (local.get $work)
          (i32.mul (local.get $level) (i32.load offset=512 (local.get $quantisers))))))
    (local.set $to (i32.load offset=16 (local.get $block)))
    (i32.store offset=16 (local.get $block) (i32.add (local.get $to) (i32.load offset=24 (local.get $block))))
    (if (i32.eq (local.get $k) (i32.const 129))
      (then (call $writeFlat (i32.load16_s (local.get $work)) (local.get $to) (i32.load offset=20 (local.get $block))))
      (else (call $writeBlock (local.get $work) (local.get $to) (i32.load offset=20 (local.get $block)))))
    (i32.sub
      (i32.shl (i32.sub (i32.load offset=8 (i32.const 0)) (local.get $at)) (i32.const 3))
      (local.get $count)))

  ;; Reads `units` more units, and writes their samples where they are wanted. Gives 0 as `read` does. Each unit's position and the DC coefficients before it are put on record, 16 bytes,
  ;; so that it can be read once more.
  (func (export "part") (param $units i32) (param $wanted i32) (result i32)
    (local $position i32) (local $end i32) (local $block i32) (local $blocks i32) (local $record i32)
    (local.set $position (i32.load (i32.const 0)))
    (local.set $end (i32.load offset=4 (i32.const 0)))
    (local.set $record (i32.load offset=40 (i32.const 0)))
    (local.set $blocks (i32.add (i32.const 64) (i32.shl (i32.load offset=32 (i32.const 0)) (i32.const 5))))
    (loop $unit
      (v128.store (local.get $record) (v128.load (i32.const 48)))
      (i32.store offset=12 (local.get $record) (local.get $position))
      (local.set $record (i32.add (local.get $record) (i32.const 16)))
      (local.set $block (i32.const 64))
      (loop $nextBlock
        (local.set $position
          (if (result i32)
            (local.get $wanted)
            (then (call $readBlock (local.get $position) (local.get $block)))
            (else (call $passBlock (local.get $position) (local.get $block)))))
        (if (i32.lt_s (local.get $position) (i32.const 0)) (then (return (i32.const 0))))
        (local.set $block (i32.add (local.get $block) (i32.const 32)))
        (br_if $nextBlock (i32.lt_u (local.get $block) (local.get $blocks))))
      (if (i32.gt_u (local.get $position) (local.get $end)) (then (return (i32.const 0))))
      (local.set $units (i32.sub (local.get $units) (i32.const 1)))
      (br_if $unit (local.get $units)))
    (i32.store (i32.const 0) (local.get $position))
    (i32.store offset=40 (i32.const 0) (local.get $record))
    (i32.const 1))

  ;; Makes `count` (a multiple of 8) samples of two rows twice as many, as libjpeg's "fancy upsampling" does. It reads one sample before and after them.
  (func (export "widen") (param $row i32) (param $next i32) (param $out i32) (param $count i32) (param $roundEven i32) (param $roundOdd i32)
    (local $this v128) (local $even v128) (local $odd v128) (local $evenHalf v128) (local $oddHalf v128)
    (local.set $evenHalf (i16x8.splat (local.get $roundEven)))
    (local.set $oddHalf (i16x8.splat (local.get $roundOdd)))
    (loop $some
      ;; Three times a sample of the row and once that of the row next to it; then three times that and once the one beside it.
      (local.set $this
        (i16x8.mul
          (i16x8.add
            (i16x8.mul (v128.load8x8_u (local.get $row)) (v128.const i16x8 3 3 3 3 3 3 3 3))
            (v128.load8x8_u (local.get $next)))
          (v128.const i16x8 3 3 3 3 3 3 3 3)))
      (local.set $even
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add (local.get $this) (local.get $evenHalf))
            (i16x8.add
            (i16x8.mul (v128.load8x8_u (i32.sub (local.get $row) (i32.const 1))) (v128.const i16x8 3 3 3 3 3 3 3 3))
            (v128.load8x8_u (i32.sub (local.get $next) (i32.const 1)))))
          (i32.const 4)))
      (local.set $odd
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add (local.get $this) (local.get $oddHalf))
            (i16x8.add
            (i16x8.mul (v128.load8x8_u offset=1 (local.get $row)) (v128.const i16x8 3 3 3 3 3 3 3 3))
            (v128.load8x8_u offset=1 (local.get $next))))
          (i32.const 4)))
      (v128.store (local.get $out) (v128.or (local.get $even) (i16x8.shl (local.get $odd) (i32.const 8))))
      (local.set $row (i32.add (local.get $row) (i32.const 8)))
      (local.set $next (i32.add (local.get $next) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $count (i32.sub (local.get $count) (i32.const 8)))
      (br_if $some (local.get $count))))

  ;; Makes `count` (a multiple of 8) pixels RGB of Y, Cb and Cr, by the whole numbers of libjpeg's jdcolor.c: 1.402, 0.34414, 0.71414 and 1.772 in units of 2^-16,
  ;; less what would not fit in 16 bits.
  (func (export "colour") (param $y i32) (param $cb i32) (param $cr i32) (param $out i32) (param $count i32)
    (local $l v128) (local $b v128) (local $r v128) (local $rg v128) (local $bb v128) (local $low v128) (local $high v128)
    (loop $some
      (local.set $l (v128.load8x8_u (local.get $y)))
      (local.set $b (i16x8.sub (v128.load8x8_u (local.get $cb)) (v128.const i16x8 128 128 128 128 128 128 128 128)))
      (local.set $r (i16x8.sub (v128.load8x8_u (local.get $cr)) (v128.const i16x8 128 128 128 128 128 128 128 128)))
      ;; What is weighed, (r · 1st + b · 2nd + 2^15) / 2^16 rounded down, are pairs of i16.
      (local.set $low (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $r) (local.get $b)))
      (local.set $high (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $r) (local.get $b)))
      (local.set $rg
        (i8x16.narrow_i16x8_u
          (i16x8.add
            (i16x8.add (local.get $l) (local.get $r))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (i32x4.dot_i16x8_s (local.get $low) (v128.const i16x8 26345 0 26345 0 26345 0 26345 0)) (v128.const i32x4 32768 32768 32768 32768))
                (i32.const 16))
              (i32x4.shr_s
                (i32x4.add (i32x4.dot_i16x8_s (local.get $high) (v128.const i16x8 26345 0 26345 0 26345 0 26345 0)) (v128.const i32x4 32768 32768 32768 32768))
                (i32.const 16))))
          (i16x8.add
            (i16x8.sub (local.get $l) (local.get $r))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (i32x4.dot_i16x8_s (local.get $low) (v128.const i16x8 18734 -22554 18734 -22554 18734 -22554 18734 -22554)) (v128.const i32x4 32768 32768 32768 32768))
                (i32.const 16))
              (i32x4.shr_s
                (i32x4.add (i32x4.dot_i16x8_s (local.get $high) (v128.const i16x8 18734 -22554 18734 -22554 18734 -22554 18734 -22554)) (v128.const i32x4 32768 32768 32768 32768))
                (i32.const 16))))))
      (local.set $bb
        (i16x8.add
          (i16x8.add (local.get $l) (i16x8.shl (local.get $b) (i32.const 1)))
          (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (i32x4.dot_i16x8_s (local.get $low) (v128.const i16x8 0 -14942 0 -14942 0 -14942 0 -14942)) (v128.const i32x4 32768 32768 32768 32768))
                (i32.const 16))
              (i32x4.shr_s
                (i32x4.add (i32x4.dot_i16x8_s (local.get $high) (v128.const i16x8 0 -14942 0 -14942 0 -14942 0 -14942)) (v128.const i32x4 32768 32768 32768 32768))
                (i32.const 16)))))
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
