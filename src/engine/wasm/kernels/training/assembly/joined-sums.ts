/**
 * The sums of matrix.ts's products where the compiler under us joins two vectors of four floats that stand side by side
 * into one of eight (../../vector-joining.ts). It joins only what leads to stores side by side. Eight such vectors add
 * up at once, which is what two fused multiply-adds a cycle at a latency of four keep busy. Where nothing is joined all
 * of this is right too, but slow, since it needs more registers than there are.
 *
 * The compiler moves every load of a basic block before the block's arithmetic, and then runs out of its 15 registers.
 * Hence short blocks: each ends in a branch, out of the loop if this term was the last, or on something that never
 * happens (an address that is 0, or two that are equal), which costs next to nothing. The compiler drops a question it
 * has had the answer to, so that each is asked once.
 */
import { madd } from "../../inference/assembly/arithmetic";

/** What lies between the numbers to the left that meet the same vector: they are this much apart. */
@unmanaged
export class Float {
  only: f32;
}
@unmanaged
export class Line {
  a: v128;
  b: v128;
  c: v128;
  d: v128;
}
/** There is one number alone. */
@unmanaged
export class Nothing {}

/**
 * Four rows of 16 sums, each from its start: over all terms, one of four numbers to the left times 16 to the right.
 *
 * Terms come in parts: `terms` of them first, then `repeats` times `moreTerms`, none of which is 0.
 * @param left the first term's four numbers; those of the next are `leftStep` bytes on, and after a part `leftJump` more.
 * @param right the first term's 16 numbers; likewise.
 * @param start 16 numbers for each row, `startRow` bytes apart; so are the sums in `to`, by `toRow`.
 */
export function sumFour<Gap>(
  terms: i32,
  moreTerms: i32,
  repeats: i32,
  left: usize,
  leftStep: usize,
  leftJump: usize,
  right: usize,
  rightStep: usize,
  rightJump: usize,
  start: usize,
  startRow: usize,
  to: usize,
  toRow: usize,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let a2 = v128.load(start, 32);
  let a3 = v128.load(start, 48);
  start += startRow;
  let b0 = v128.load(start);
  let b1 = v128.load(start, 16);
  let b2 = v128.load(start, 32);
  let b3 = v128.load(start, 48);
  start += startRow;
  let c0 = v128.load(start);
  let c1 = v128.load(start, 16);
  let c2 = v128.load(start, 32);
  let c3 = v128.load(start, 48);
  start += startRow;
  let d0 = v128.load(start);
  let d1 = v128.load(start, 16);
  let d2 = v128.load(start, 32);
  let d3 = v128.load(start, 48);
  let x = left;
  let w = right;
  while (true) {
    const last = w + <usize>(terms - 1) * rightStep;
    let i: v128;
    let j: v128;
    let u: v128;
    let v: v128;
    let s: v128;
    while (true) {
      i = v128.load(w);
      j = v128.load(w, 16);
      u = v128.load(w, 32);
      v = v128.load(w, 48);
      s = v128.load32_splat(x);
      a0 = madd(s, i, a0);
      a1 = madd(s, j, a1);
      a2 = madd(s, u, a2);
      a3 = madd(s, v, a3);
      if (!x) break;
      s = v128.load32_splat(x, offsetof<Gap>());
      b0 = madd(s, i, b0);
      b1 = madd(s, j, b1);
      b2 = madd(s, u, b2);
      b3 = madd(s, v, b3);
      if (!w) break;
      s = v128.load32_splat(x, 2 * offsetof<Gap>());
      c0 = madd(s, i, c0);
      c1 = madd(s, j, c1);
      c2 = madd(s, u, c2);
      c3 = madd(s, v, c3);
      if (x == w) break;
      s = v128.load32_splat(x, 3 * offsetof<Gap>());
      d0 = madd(s, i, d0);
      d1 = madd(s, j, d1);
      d2 = madd(s, u, d2);
      d3 = madd(s, v, d3);
      x += leftStep;
      if (w == last) break;
      w += rightStep;
    }
    if (repeats == 0) break;
    repeats--;
    terms = moreTerms;
    x += leftJump;
    w += rightStep + rightJump;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, a2, 32);
  v128.store(to, a3, 48);
  to += toRow;
  v128.store(to, b0);
  v128.store(to, b1, 16);
  v128.store(to, b2, 32);
  v128.store(to, b3, 48);
  to += toRow;
  v128.store(to, c0);
  v128.store(to, c1, 16);
  v128.store(to, c2, 32);
  v128.store(to, c3, 48);
  to += toRow;
  v128.store(to, d0);
  v128.store(to, d1, 16);
  v128.store(to, d2, 32);
  v128.store(to, d3, 48);
}

/**
 * Four times one row of 16 sums: as `sumFour`, but each with numbers to the right of its own, `rightGap` bytes from one
 * to the next in the first part and `moreGap` in those after; `startGap` and `toGap` are between starts and sums.
 */
export function sumOne<Gap>(
  terms: i32,
  moreTerms: i32,
  repeats: i32,
  left: usize,
  leftStep: usize,
  leftJump: usize,
  right: usize,
  rightStep: usize,
  rightJump: usize,
  rightGap: usize,
  moreGap: usize,
  start: usize,
  startGap: usize,
  to: usize,
  toGap: usize,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let a2 = v128.load(start, 32);
  let a3 = v128.load(start, 48);
  start += startGap;
  let b0 = v128.load(start);
  let b1 = v128.load(start, 16);
  let b2 = v128.load(start, 32);
  let b3 = v128.load(start, 48);
  start += startGap;
  let c0 = v128.load(start);
  let c1 = v128.load(start, 16);
  let c2 = v128.load(start, 32);
  let c3 = v128.load(start, 48);
  start += startGap;
  let d0 = v128.load(start);
  let d1 = v128.load(start, 16);
  let d2 = v128.load(start, 32);
  let d3 = v128.load(start, 48);
  let x = left;
  let e = right;
  while (true) {
    const last = e + <usize>(terms - 1) * rightStep;
    let f = e + rightGap;
    let g = f + rightGap;
    let h = g + rightGap;
    let s: v128;
    while (true) {
      s = v128.load32_splat(x);
      a0 = madd(s, v128.load(e), a0);
      a1 = madd(s, v128.load(e, 16), a1);
      a2 = madd(s, v128.load(e, 32), a2);
      a3 = madd(s, v128.load(e, 48), a3);
      if (!x) break;
      if (offsetof<Gap>() != 0) s = v128.load32_splat(x, offsetof<Gap>());
      b0 = madd(s, v128.load(f), b0);
      b1 = madd(s, v128.load(f, 16), b1);
      b2 = madd(s, v128.load(f, 32), b2);
      b3 = madd(s, v128.load(f, 48), b3);
      if (!e) break;
      if (offsetof<Gap>() != 0) s = v128.load32_splat(x, 2 * offsetof<Gap>());
      c0 = madd(s, v128.load(g), c0);
      c1 = madd(s, v128.load(g, 16), c1);
      c2 = madd(s, v128.load(g, 32), c2);
      c3 = madd(s, v128.load(g, 48), c3);
      if (!f) break;
      if (offsetof<Gap>() != 0) s = v128.load32_splat(x, 3 * offsetof<Gap>());
      d0 = madd(s, v128.load(h), d0);
      d1 = madd(s, v128.load(h, 16), d1);
      d2 = madd(s, v128.load(h, 32), d2);
      d3 = madd(s, v128.load(h, 48), d3);
      x += leftStep;
      if (e == last) break;
      e += rightStep;
      f += rightStep;
      g += rightStep;
      h += rightStep;
    }
    if (repeats == 0) break;
    repeats--;
    terms = moreTerms;
    rightGap = moreGap;
    x += leftJump;
    e += rightStep + rightJump;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, a2, 32);
  v128.store(to, a3, 48);
  to += toGap;
  v128.store(to, b0);
  v128.store(to, b1, 16);
  v128.store(to, b2, 32);
  v128.store(to, b3, 48);
  to += toGap;
  v128.store(to, c0);
  v128.store(to, c1, 16);
  v128.store(to, c2, 32);
  v128.store(to, c3, 48);
  to += toGap;
  v128.store(to, d0);
  v128.store(to, d1, 16);
  v128.store(to, d2, 32);
  v128.store(to, d3, 48);
}
