import { sh } from '../../ssh/shell.ts';
import { keptBy } from '../layout.ts';
import { binaryPath, type Step, type Work } from '../step.ts';

/** The systemd unit, as closed as parleyd lets it be. */
export function unit(work: Work): Step {
  const { unit: name, unitFile: path } = work.layout;
  const text = unitText(work);
  const before = keptBy(work.layout, work.runId, 'unit');
  return {
    id: 'unit',
    title: 'Write the systemd unit',
    detail: `${name} starts parleyd with the host, restarts it when it fails, and shuts it off from the rest of the system.`,
    touches: [path],
    undoes: `Remove ${name}, or put back the one that was there before.`,
    after: [],
    check: sh`[ "$(cat ${path} 2>/dev/null)" = ${text.trimEnd()} ]`,
    apply: [
      {
        kind: 'run',
        command: sh`if [ -e ${path} ]; then cp -p ${path} ${before} || exit 1; fi
cat > ${`${path}.part`} && chmod 0644 ${`${path}.part`} && mv -f ${`${path}.part`} ${path} && systemctl daemon-reload`,
        stdin: text,
      },
    ],
    undo: sh`rm -f ${`${path}.part`}
if [ ! -e ${before} ]; then rm -f ${path} && systemctl daemon-reload; exit; fi
mv -f ${before} ${path} && systemctl daemon-reload && systemctl try-restart ${name}`,
  };
}

/** systemd.exec(5). MemoryDenyWriteExecute has to stay off: the runtime compiles at run time. */
export function unitText(work: Work): string {
  const { user, data } = work.layout;
  const privileged = Math.min(work.ports.c2s, work.ports.c2sTls ?? 65535) < 1024;
  const capabilities = privileged ? 'CAP_NET_BIND_SERVICE' : '';
  return `# Written by Parley. It is replaced when parleyd is upgraded; put changes of your own into a drop-in.
[Unit]
Description=Parley XMPP server for ${work.domain}
Documentation=file:${data}/parleyd.toml
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart=${binaryPath(work)} run --data ${data}
ExecReload=/bin/kill -HUP $MAINPID
User=${user}
Group=${user}
WorkingDirectory=${data}
UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN
Restart=on-failure
RestartSec=2
TimeoutStartSec=60
TimeoutStopSec=30
LimitNOFILE=1048576
UMask=0077

ProtectSystem=strict
ReadWritePaths=${data}
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
