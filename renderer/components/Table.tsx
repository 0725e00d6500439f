// biome-ignore-all lint/a11y/useSemanticElements: rows that exist only in sight can't be tr and td; the grid has the focus, and names its active row
// biome-ignore-all lint/a11y/useFocusableInteractive: rows that exist only in sight can't be tr and td; the grid has the focus, and names its active row
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly cell: (item: T) => ReactNode;
  /** as CSS grid writes it */
  readonly width: string;
  /** digits, aligned right */
  readonly number?: boolean;
  readonly sortable?: boolean;
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly idOf: (item: T) => string;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
  readonly onOpen?: (id: string) => void;
  readonly onPeek?: (id: string) => void;
  readonly sort?: { readonly key: string; readonly descending: boolean } | undefined;
  readonly onSort?: ((key: string) => void) | undefined;
  readonly stale?: (item: T) => boolean;
  readonly onReachEnd?: () => void;
  readonly home?: boolean;
}

const ROW = 32;
const SPARE = 8;

/** Only the rows in sight exist, so ten thousand are as quick as ten. The focus stays on the table, the selection moves. */
export function Table<T>(props: TableProps<T>) {
  const { label, columns, items, idOf, selected, onSelect, onOpen, onPeek, sort, onSort, stale, onReachEnd, home } =
    props;
  const base = useId();
  const body = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const at = selected === null ? -1 : items.findIndex((item) => idOf(item) === selected);

  useLayoutEffect(() => {
    const el = body.current;
    if (el === null) return;
    const measure = () => setView(viewOf(el));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(el);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(view.top / ROW) - SPARE);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / ROW) + SPARE);
  useEffect(() => {
    if (items.length > 0 && last >= items.length) onReachEnd?.();
  }, [last, items.length, onReachEnd]);

  const moveTo = (index: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))];
    if (item === undefined) return;
    onSelect(idOf(item));
    const el = body.current;
    const y = items.indexOf(item) * ROW;
    if (el === null) return;
    if (y < el.scrollTop) el.scrollTop = y;
    else if (y + ROW > el.scrollTop + el.clientHeight - ROW) el.scrollTop = y + 2 * ROW - el.clientHeight;
  };

  const press = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / ROW) - 1);
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: items.length - 1 },
      ...{ PageDown: at + page, PageUp: at - page },
    };
    const to = steps[event.key];
    // a button of the header hears its own keys
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    if (to !== undefined) moveTo(to);
    else if (event.key === 'Enter' && selected !== null && at >= 0 && onOpen) onOpen(selected);
    else if (event.key === ' ' && selected !== null && at >= 0) onPeek?.(selected);
    else return;
    event.preventDefault();
  };

  const template = { gridTemplateColumns: columns.map((it) => it.width).join(' ') };
  return (
    <div
      className="table"
      role="grid"
      ref={body}
      aria-label={label}
      aria-rowcount={items.length + 1}
      tabIndex={0}
      aria-activedescendant={at >= first && at < last ? `${base}-${at}` : undefined}
      data-home={home ? '' : undefined}
      onKeyDown={press}
      onFocus={(event) => {
        if (event.target === event.currentTarget && at < 0) moveTo(0);
      }}
      onScroll={(event) => setView(viewOf(event.currentTarget))}
    >
      <div role="rowgroup" className="header">
        <div className="row" role="row" style={template} aria-rowindex={1}>
          {columns.map((column) => (
            <Header key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ paddingTop: first * ROW, paddingBottom: (items.length - last) * ROW }}>
        {items.slice(first, last).map((item, offset) => {
          const id = idOf(item);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are heard by the grid
            <div
              key={id}
              id={`${base}-${first + offset}`}
              className={`row${id === selected ? ' selected' : ''}${stale?.(item) ? ' stale' : ''}`}
              role="row"
              aria-rowindex={first + offset + 2}
              aria-selected={id === selected}
              style={template}
              onClick={() => onSelect(id)}
              onDoubleClick={() => onOpen?.(id)}
            >
              {columns.map((column) => (
                <div key={column.key} role="gridcell" className={column.number ? 'number' : undefined}>
                  {column.cell(item)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const viewOf = (el: HTMLElement) => ({ top: el.scrollTop, height: el.clientHeight - ROW });

function Header<T>({ column, sort, onSort }: { readonly column: Column<T> } & Pick<TableProps<T>, 'sort' | 'onSort'>) {
  const { key, title, number, sortable } = column;
  const mine = sort?.key === key;
  const order = mine ? (sort.descending ? 'descending' : 'ascending') : undefined;
  return (
    <div role="columnheader" className={number ? 'number' : undefined} aria-sort={order}>
      {sortable && onSort ? (
        <button type="button" onClick={() => onSort(key)} title={`Sort by ${title.toLowerCase()}`}>
          {title}
          <span aria-hidden="true">{mine ? (sort.descending ? ' ↓' : ' ↑') : ''}</span>
        </button>
      ) : (
        title
      )}
    </div>
  );
}
