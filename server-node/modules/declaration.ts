import type { Module } from '../router/module.ts';

/** What is implemented, as the table and the DOAP say it. */
export type Declaration = Pick<Module, 'specification' | 'version' | 'name' | 'status' | 'since'>;

/** The version of parleyd that had it first, when nothing else is said. */
export const FIRST = '0.1.0';

/** In the order of their numbers, RFCs first. */
export const ordered = (declarations: readonly Declaration[]): readonly Declaration[] =>
  [...declarations].sort((a, b) =>
    a.specification < b.specification ? -1 : a.specification > b.specification ? 1 : 0,
  );
