import { Transform } from 'node:stream';
import type { StepProgress } from '../../shared/console-api/provisioning.ts';

const TELL_MS = 250;
const WINDOW_MS = 4000;

/** Lets bytes through and tells how it goes, four times a second; the speed is that of the last four seconds. */
export function meter(total: number, tell: (progress: StepProgress) => void, now: () => number = Date.now): Transform {
  const marks: { at: number; bytes: number }[] = [{ at: now(), bytes: 0 }];
  let bytes = 0;
  // A speed over a moment says nothing: the first word comes after a quarter of a second.
  let told = now();
  const report = (at: number) => {
    while (marks.length > 1 && at - (marks[0]?.at ?? at) > WINDOW_MS) marks.shift();
    const first = marks[0] ?? { at, bytes: 0 };
    const seconds = (at - first.at) / 1000;
    const speed = seconds > 0 ? (bytes - first.bytes) / seconds : 0;
    marks.push({ at, bytes });
    told = at;
    tell({
      bytes,
      total,
      bytesPerSecond: Math.round(speed),
      secondsLeft: speed > 0 ? Math.ceil((total - bytes) / speed) : null,
    });
  };
  return new Transform({
    highWaterMark: 256 << 10,
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (now() - told >= TELL_MS) report(now());
      done(null, chunk);
    },
    flush(done) {
      if (marks.at(-1)?.bytes !== bytes) report(now());
      done();
    },
  });
}
