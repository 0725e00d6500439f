import type { ReactNode } from 'react';

export interface PlainCell {
  readonly is: ReactNode;
  /** away: look now; look: look today */
  readonly tone?: 'away' | 'look' | undefined;
  readonly title?: string;
}

export interface PlainRow {
  readonly key: string;
  readonly cells: readonly (PlainCell | string)[];
}

interface PlainTableProps {
  readonly label: string;
  readonly columns: readonly { readonly text: string; readonly kind?: 'number' | 'mono' }[];
  readonly rows: readonly PlainRow[];
}

/** A table of a few rows to be read. It scrolls by itself when it is too wide, by keyboard too. */
export function PlainTable({ label, columns, rows }: PlainTableProps) {
  const classOf = (at: number, tone?: string) => [columns[at]?.kind, tone].filter(Boolean).join(' ') || undefined;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by who has no mouse
    <section className="scroll-x" aria-label={`${label}, scrolls`} tabIndex={0}>
      <table className="plain" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ text, kind }) => (
              <th key={text} scope="col" className={kind === 'number' ? 'number' : undefined}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((given, at) => {
                const { is, tone, title }: PlainCell = typeof given === 'string' ? { is: given } : given;
                const column = columns[at]?.text;
                return at === 0 ? (
                  <th key={column} scope="row" className={classOf(at, tone)} title={title}>
                    {is}
                  </th>
                ) : (
                  <td key={column} className={classOf(at, tone)} title={title}>
                    {is}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
