/** An upper bound as a polynomial of a text's length: the coefficients of 1, n, n² and of all higher powers. */
export type Polynomial = readonly [number, number, number, number];

export const ZERO: Polynomial = [0, 0, 0, 0];
export const ONE: Polynomial = [1, 0, 0, 0];
/** One for each character of the text and for its end. */
export const EACH_CHARACTER: Polynomial = [1, 1, 0, 0];

export function add(a: Polynomial, b: Polynomial): Polynomial {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

/** Returns a polynomial that is nowhere less than `a` or `b`. */
export function atLeast(a: Polynomial, b: Polynomial): Polynomial {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

export function times(a: Polynomial, factor: number): Polynomial {
  return [a[0] * factor, a[1] * factor, a[2] * factor, a[3] * factor];
}

export function multiply([a0, a1, a2, a3]: Polynomial, [b0, b1, b2, b3]: Polynomial): Polynomial {
  const higherPowers = a1 * b2 + a2 * (b1 + b2) + a3 * (b0 + b1 + b2) + (a0 + a1 + a2 + a3) * b3;
  return [a0 * b0, a0 * b1 + a1 * b0, a0 * b2 + a1 * b1 + a2 * b0, higherPowers];
}

/** Returns the sum of the values for the lengths 0 to n. */
export function sumOfLengths([a, b, c, d]: Polynomial): Polynomial {
  return [a, a + b / 2 + c / 6, b / 2 + c / 2, c / 3 + d];
}

/** Returns the highest power that is not zero. */
export function degree(a: Polynomial): number {
  return Math.max(
    0,
    a.findLastIndex((coefficient) => coefficient > 0),
  );
}

/** Returns the value of a polynomial of the second degree at most. */
export function evaluate([a, b, c]: Polynomial, length: number): number {
  return a + b * length + c * length ** 2;
}
