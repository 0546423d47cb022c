;; Reads the entropy-coded data of a baseline JPEG (ITU-T T.81, annex F.2) for the DC coefficients of its first component, which are the
;; means of its blocks of 8×8 samples. The other coefficients are passed over, several at a time. Pointers are byte offsets in the memory.
;;
;; A table has four parts, made by src/vision/thumbnail/tables.ts: entries for the next 12 bits, of as many whole codes as lie in them; entries for
;; the next 12 bits, of the first code in them; a number (u32) that is the least 16 bits of the codes with more than 12; the entries of
;; those, by the next 16 bits less that number. An entry (u16) has in its low 5 bits how many bits it takes, values included, and in the others how many
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

  ;; Reads `units` more units (MCU). Gives 0 where the data has no such code, a block too many coefficients, or ends before.
  (func (export "read") (param $units i32) (result i32)
    (local $position i32) (local $end i32) (local $mean i32) (local $out i32) (local $left i32)
    (local $block i32) (local $blocks i32) (local $table i32) (local $entry i32) (local $k i32) (local $bits i64)
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
            ;; The value begins with 1 where it is positive (F.2.2.1, EXTEND).
            (local.set $bits
              (i64.shl (local.get $bits) (i64.extend_i32_u (i32.sub (local.get $entry) (local.get $k)))))
            (local.set $mean
              (i32.add
                (local.get $mean)
                (i32.sub
                  (i32.wrap_i64
                    (i64.shr_u
                      (i64.shr_u (local.get $bits) (i64.const 1))
                      (i64.extend_i32_u (i32.sub (i32.const 63) (local.get $k)))))
                  (select
                    (i32.const 0)
                    (i32.sub (i32.shl (i32.const 1) (local.get $k)) (i32.const 1))
                    (i64.lt_s (local.get $bits) (i64.const 0))))))
            (i32.store16
              (i32.add (local.get $out) (i32.load offset=12 (local.get $block)))
              (local.get $mean))))
        ;; AC: `k` coefficients were passed.
        (local.set $table (i32.load offset=4 (local.get $block)))
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
              (if (i32.eqz (local.get $entry)) (then (return (i32.const 0))))
              (local.set $k (i32.add (local.get $k) (i32.shr_u (local.get $entry) (i32.const 5))))
              (if (i32.lt_u (local.get $k) (i32.const 64))
                (then
                  (local.set $position (i32.add (local.get $position) (i32.and (local.get $entry) (i32.const 31))))
                  (br $codes)))
              (if
                (i32.and
                  (i32.gt_u (local.get $k) (i32.const 64))
                  (i32.lt_u (local.get $k) (i32.const 128)))
                (then (return (i32.const 0)))))))
        (local.set $position (i32.add (local.get $position) (i32.and (local.get $entry) (i32.const 31))))
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
    (i32.const 1)))
