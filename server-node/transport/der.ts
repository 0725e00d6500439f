/** One value of a certificate's encoding (X.690, DER): its tag, and where its content begins and ends. */
export interface Der {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** The value that begins at `at`, or undefined when there is none, or it is cut off. */
export function derAt(bytes: Uint8Array, at: number, end = bytes.length): Der | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > end) return undefined;
  let from = at + 2;
  let length = first;
  if (first >= 0x80) {
    const digits = first & 0x7f;
    if (digits === 0 || digits > 4) return undefined;
    length = 0;
    for (let i = 0; i < digits; i++) length = length * 256 + (bytes[from++] ?? 0);
  }
  return from + length <= end ? { tag, bytes, from, to: from + length } : undefined;
}

/** The values within one. */
export function* within(value: Der | undefined): Iterable<Der> {
  for (let at = value?.from ?? 0; value !== undefined && at < value.to; ) {
    const child = derAt(value.bytes, at, value.to);
    if (child === undefined) return;
    yield child;
    at = child.to;
  }
}

/** The content of a value in hexadecimal digits: identifiers are compared so. */
export const hexOf = (value: Der | undefined): string =>
  value === undefined ? '' : Buffer.from(value.bytes.subarray(value.from, value.to)).toString('hex');
