export interface UnitWish {
  /** above it, one line: who wrote it, and where changes go */
  readonly comment: string;
  readonly description: string;
  readonly documentation: string;
  /** the program with its words */
  readonly exec: string;
  readonly user: string;
  /** the one folder that it may write to, and begins in */
  readonly folder: string;
  /** it listens on a port below 1024 */
  readonly privileged: boolean;
}

/**
 * The unit of a parleyd, node or edge, as closed as it lets it be (systemd.exec(5)). MemoryDenyWriteExecute has to stay
 * off: the runtime compiles at run time.
 */
export function systemdUnit(wish: UnitWish): string {
  const { comment, description, documentation, exec, user, folder, privileged } = wish;
  const capabilities = privileged ? 'CAP_NET_BIND_SERVICE' : '';
  return `# ${comment}
[Unit]
Description=${description}
Documentation=${documentation}
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart=${exec}
ExecReload=/bin/kill -HUP $MAINPID
User=${user}
Group=${user}
WorkingDirectory=${folder}
UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN
Restart=on-failure
RestartSec=2
TimeoutStartSec=60
TimeoutStopSec=30
LimitNOFILE=1048576
UMask=0077

ProtectSystem=strict
ReadWritePaths=${folder}
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
LockPersonality=yes
NoNewPrivileges=yes
CapabilityBoundingSet=${capabilities}
AmbientCapabilities=${capabilities}
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}
