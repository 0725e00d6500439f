export interface Command {
  /** the first line is the usage */
  readonly help: string;
  /** answers with the exit code */
  run(args: readonly string[]): Promise<number>;
}
