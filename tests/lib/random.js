/// Random choices that a failing test can repeat: set SEED to what it printed.

export const seed = Number(process.env.SEED ?? (Math.random() * 2 ** 31) | 0);

/// mulberry32.
export function randomFrom(start) {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/// `bytes` cut into pieces of 1 to `most` bytes.
export function randomPieces(bytes, most, random) {
  const pieces = [];
  for (let at = 0; at < bytes.length;) {
    const next = Math.min(bytes.length, at + 1 + Math.floor(random() * most));
    pieces.push(bytes.subarray(at, next));
    at = next;
  }
  return pieces;
}
