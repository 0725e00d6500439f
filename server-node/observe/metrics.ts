export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly value: number;
}

/** One number for each reason. */
export interface LabelledMetric extends Omit<Metric, 'value'> {
  /** what is named; `why` when nothing else is said */
  readonly label?: string;
  readonly values: readonly (readonly [why: string, value: number])[];
}

/** Metrics in Prometheus text format 0.0.4. */
export const prometheusText = (metrics: readonly (Metric | LabelledMetric)[]): string =>
  metrics
    .map((metric) => {
      const { name, kind, help } = metric;
      const lines =
        'values' in metric
          ? metric.values.map(([value, n]) => `${name}{${metric.label ?? 'why'}="${value}"} ${n}\n`)
          : [];
      if ('value' in metric) lines.push(`${name} ${metric.value}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
    })
    .join('');
