import { ago, fullTime } from './format.ts';

/** `4 min ago`, the full time on hover. */
export function Age({ at, now }: { readonly at: number; readonly now: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {ago(at, now)}
    </time>
  );
}
