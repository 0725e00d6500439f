import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Report } from './bystanders.ts';
import { DOMAIN, PASSWORD, type Target } from './target.ts';

/** The bystanders as the attackers' process sees them. */
export class Witness {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async come(target: Target): Promise<Witness> {
    const child = fork(join(import.meta.dirname, 'bystanders.ts'), [String(target.node.port), DOMAIN, PASSWORD], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error('the bystanders did not come')));
    });
    return new Witness(child);
  }

  /** What they saw while that was done. */
  async during(work: () => Promise<unknown>): Promise<Report> {
    this.#child.send('begin');
    await work();
    return new Promise((resolve) => {
      this.#child.once('message', (report) => resolve(report as Report));
      this.#child.send('end');
    });
  }

  leave(): void {
    this.#child.kill('SIGKILL');
  }
}
