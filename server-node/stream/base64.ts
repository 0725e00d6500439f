const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** in characters; the messages of the mechanisms are far shorter */
const LONGEST = 4096;

/** RFC 6120 §6.4.2: base64 without anything else in it. Undefined when it is none, or is too long. */
export function readBase64(encoded: string): Buffer | undefined {
  return encoded.length > LONGEST || !BASE64.test(encoded) ? undefined : Buffer.from(encoded, 'base64');
}
