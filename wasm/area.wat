;; The resampling of the pyramid and of every crop, in WebAssembly's 128-bit vectors. Pixels are 8-bit R, G, B, interleaved. Pointers are byte
;; offsets in the memory; what is read may reach 15 bytes beyond the pixels, and what is written to `sums` 63 bytes beyond its last.
(module
  (import "vision" "memory" (memory 1))

  ;; Where the window of each column begins and ends, as byte offsets in a row of sums (three i32 a pixel): pairs of i32.
  (func $windows (param $windows i32) (param $columns i32) (param $width i32)
    (local $x i32)
    (loop $next
      (i32.store (local.get $windows)
        (i32.mul (i32.const 12) (call $windowStart (local.get $x) (local.get $columns) (local.get $width))))
      (i32.store offset=4 (local.get $windows)
        (i32.mul (i32.const 12) (call $windowEnd (local.get $x) (local.get $columns) (local.get $width))))
      (local.set $windows (i32.add (local.get $windows) (i32.const 8)))
      (local.set $x (i32.add (local.get $x) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $x) (local.get $width)))))

  ;; floor(index * from / to); sides are below 65,536, so that nothing overflows.
  (func $windowStart (param $index i32) (param $from i32) (param $to i32) (result i32)
    (i32.div_u (i32.mul (local.get $index) (local.get $from)) (local.get $to)))

  ;; ceil((index + 1) * from / to)
  (func $windowEnd (param $index i32) (param $from i32) (param $to i32) (result i32)
    (i32.div_u
      (i32.add
        (i32.mul (i32.add (local.get $index) (i32.const 1)) (local.get $from))
        (i32.sub (local.get $to) (i32.const 1)))
      (local.get $to)))

  ;; The sums of `bytes` columns over `rows` rows, as i32. 16 columns at a time: 16 bits hold the sum of 256 rows.
  (func $sumColumns (param $from i32) (param $rowBytes i32) (param $rows i32) (param $bytes i32) (param $sums i32)
    (local $column i32) (local $left i32) (local $some i32) (local $at i32)
    (local $v v128) (local $low v128) (local $high v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $block
      (local.set $a (v128.const i32x4 0 0 0 0))
      (local.set $b (v128.const i32x4 0 0 0 0))
      (local.set $c (v128.const i32x4 0 0 0 0))
      (local.set $d (v128.const i32x4 0 0 0 0))
      (local.set $at (i32.add (local.get $from) (local.get $column)))
      (local.set $left (local.get $rows))
      (loop $chunk
        (local.set $some
          (select (local.get $left) (i32.const 256) (i32.lt_u (local.get $left) (i32.const 256))))
        (local.set $left (i32.sub (local.get $left) (local.get $some)))
        (local.set $low (v128.const i32x4 0 0 0 0))
        (local.set $high (v128.const i32x4 0 0 0 0))
        (loop $row
          (local.set $v (v128.load (local.get $at)))
          (local.set $low (i16x8.add (local.get $low) (i16x8.extend_low_i8x16_u (local.get $v))))
          (local.set $high (i16x8.add (local.get $high) (i16x8.extend_high_i8x16_u (local.get $v))))
          (local.set $at (i32.add (local.get $at) (local.get $rowBytes)))
          (local.set $some (i32.sub (local.get $some) (i32.const 1)))
          (br_if $row (local.get $some)))
        (local.set $a (i32x4.add (local.get $a) (i32x4.extend_low_i16x8_u (local.get $low))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.extend_high_i16x8_u (local.get $low))))
        (local.set $c (i32x4.add (local.get $c) (i32x4.extend_low_i16x8_u (local.get $high))))
        (local.set $d (i32x4.add (local.get $d) (i32x4.extend_high_i16x8_u (local.get $high))))
        (br_if $chunk (local.get $left)))
      (v128.store (local.get $sums) (local.get $a))
      (v128.store offset=16 (local.get $sums) (local.get $b))
      (v128.store offset=32 (local.get $sums) (local.get $c))
      (v128.store offset=48 (local.get $sums) (local.get $d))
      (local.set $sums (i32.add (local.get $sums) (i32.const 64)))
      (local.set $column (i32.add (local.get $column) (i32.const 16)))
      (br_if $block (i32.lt_u (local.get $column) (local.get $bytes)))))

  ;; Means over windows of `columns` × `lines` pixels from `from` on, for `rows` of the `height` rows of the target, as the planes R, G, B of
  ;; float32, (mean - 127.5) / 128, computed in float64. No size may be 0. `windows` has room for two i32 a column of the target, `sums` for
  ;; three a column of pixels.
  (func (export "sample")
    (param $from i32) (param $rowBytes i32) (param $columns i32) (param $lines i32)
    (param $width i32) (param $height i32) (param $firstRow i32) (param $rows i32)
    (param $windows i32) (param $sums i32) (param $out i32)
    (local $first i32) (local $last i32) (local $window i32) (local $windowsEnd i32) (local $at i32) (local $end i32)
    (local $plane i32) (local $lastRow i32) (local $sum v128) (local $pair v128) (local $rowScale f64) (local $scale f64)
    (call $windows (local.get $windows) (local.get $columns) (local.get $width))
    (local.set $windowsEnd (i32.add (local.get $windows) (i32.shl (local.get $width) (i32.const 3))))
    (local.set $plane (i32.shl (i32.mul (local.get $width) (local.get $rows)) (i32.const 2)))
    (local.set $lastRow (i32.add (local.get $firstRow) (local.get $rows)))
    (loop $row
      (local.set $first (call $windowStart (local.get $firstRow) (local.get $lines) (local.get $height)))
      (local.set $last (call $windowEnd (local.get $firstRow) (local.get $lines) (local.get $height)))
      (call $sumColumns
        (i32.add (local.get $from) (i32.mul (local.get $first) (local.get $rowBytes)))
        (local.get $rowBytes)
        (i32.sub (local.get $last) (local.get $first))
        (i32.mul (local.get $columns) (i32.const 3))
        (local.get $sums))
      ;; 12 bytes of sums are a pixel.
      (local.set $rowScale
        (f64.div (f64.const 0.09375) (f64.convert_i32_u (i32.sub (local.get $last) (local.get $first)))))
      (local.set $window (local.get $windows))
      (loop $column
        (local.set $at (i32.add (local.get $sums) (i32.load (local.get $window))))
        (local.set $end (i32.add (local.get $sums) (i32.load offset=4 (local.get $window))))
        (local.set $scale
          (f64.div (local.get $rowScale) (f64.convert_i32_u (i32.sub (local.get $end) (local.get $at)))))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (loop $pixel
          (local.set $sum (i32x4.add (local.get $sum) (v128.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 12)))
          (br_if $pixel (i32.lt_u (local.get $at) (local.get $end))))
        (local.set $pair
          (f32x4.demote_f64x2_zero
            (f64x2.add
              (f64x2.mul (f64x2.convert_low_i32x4_u (local.get $sum)) (f64x2.splat (local.get $scale)))
              (v128.const f64x2 -0.99609375 -0.99609375))))
        (v128.store32_lane 0 (local.get $out) (local.get $pair))
        (local.set $at (i32.add (local.get $out) (local.get $plane)))
        (v128.store32_lane 1 (local.get $at) (local.get $pair))
        (f32.store (i32.add (local.get $at) (local.get $plane))
          (f32.demote_f64
            (f64.add
              (f64.mul (f64.convert_i32_u (i32x4.extract_lane 2 (local.get $sum))) (local.get $scale))
              (f64.const -0.99609375))))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $window (i32.add (local.get $window) (i32.const 8)))
        (br_if $column (i32.lt_u (local.get $window) (local.get $windowsEnd))))
      (local.set $firstRow (i32.add (local.get $firstRow) (i32.const 1)))
      (br_if $row (i32.lt_u (local.get $firstRow) (local.get $lastRow))))))
