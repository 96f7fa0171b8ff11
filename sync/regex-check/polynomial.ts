/** An upper bound as a polynomial of the text's length: the coefficients of 1, n, n² and of all higher powers. */
export type Polynomial = readonly [number, number, number, number];

export const ZERO: Polynomial = [0, 0, 0, 0];

export function constant(value: number): Polynomial {
  return [value, 0, 0, 0];
}

export function add(a: Polynomial, b: Polynomial): Polynomial {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

/** Returns a polynomial that is nowhere less than `a` or `b`. */
export function atLeast(a: Polynomial, b: Polynomial): Polynomial {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

export function timesLength(a: Polynomial): Polynomial {
  return [0, a[0], a[1], a[2] + a[3]];
}

/** Returns the value of a polynomial of the second degree at most. */
export function evaluate([a, b, c]: Polynomial, length: number): number {
  return a + b * length + c * length ** 2;
}
