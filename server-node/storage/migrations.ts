/** One step of the schema. Steps are numbered from 1 without gaps and never change once released. */
export interface Migration {
  readonly number: number;
  readonly what: string;
  readonly sql: string;
}

/** The steps that are missing in a database of that version, or a sentence that says why it can't be used. */
export function missingMigrations(all: readonly Migration[], version: number): readonly Migration[] | string {
  all.forEach((migration, i) => {
    if (migration.number !== i + 1) throw new Error(`migration ${migration.number} stands at place ${i + 1}`);
  });
  if (version > all.length) {
    return `it is of version ${version}, and this parleyd knows versions up to ${all.length}: run the newer parleyd that made it`;
  }
  return all.slice(version);
}
