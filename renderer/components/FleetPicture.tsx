/** What a fleet will look like here: rows of domains, each with its state. */
export function FleetPicture() {
  const rows = [
    { y: 62, name: 118, host: 92, mark: 'well' },
    { y: 94, name: 84, host: 108, mark: 'well' },
    { y: 126, name: 136, host: 80, mark: 'warning' },
    { y: 158, name: 100, host: 100, mark: 'well' },
  ] as const;
  return (
    <svg
      className="picture"
      viewBox="0 0 480 200"
      width="480"
      height="200"
      role="img"
      aria-label="A list of domains with their hosts and states"
    >
      <rect className="card" x="0.5" y="0.5" width="479" height="199" rx="8" />
      <path className="line" d="M0 40.5H480" />
      <rect className="ink strong" x="20" y="17" width="56" height="7" rx="3.5" />
      <rect className="ink strong" x="150" y="17" width="40" height="7" rx="3.5" />
      <rect className="ink strong" x="316" y="17" width="32" height="7" rx="3.5" />
      <rect className="ink strong" x="412" y="17" width="48" height="7" rx="3.5" />
      {rows.map(({ y, name, host, mark }) => (
        <g key={y}>
          {y < 150 ? <path className="line" d={`M20 ${y + 15.5}H460`} /> : null}
          {mark === 'well' ? (
            <circle className="dot" cx="25" cy={y} r="4" />
          ) : (
            <path className="tri" d={`M25 ${y - 5}l5.5 10h-11Z`} />
          )}
          <rect className="ink" x="40" y={y - 3.5} width={mark === 'well' ? 26 : 72} height="7" rx="3.5" />
          <rect className="ink name" x="150" y={y - 3.5} width={name} height="7" rx="3.5" />
          <rect className="ink" x="316" y={y - 3.5} width={host * 0.7} height="7" rx="3.5" />
          <rect className="ink" x={460 - name / 4} y={y - 3.5} width={name / 4} height="7" rx="3.5" />
        </g>
      ))}
    </svg>
  );
}
