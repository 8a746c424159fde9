#!/bin/sh
# A SLURM cluster of one node on this machine, for the tests marked `slurm`; for Debian and Ubuntu, as root.
#   tests/slurm/setup.sh          install what is missing, configure, start
#   tests/slurm/setup.sh stop     stop the daemons
# No accounting, no cgroups, no systemd: what a container has. State and logs are under /tmp/slurm.
set -eu
STATE=/tmp/slurm

stop() {
    for daemon in slurmd slurmctld; do
        [ -f "$STATE/$daemon.pid" ] && kill "$(cat "$STATE/$daemon.pid")" 2>/dev/null || true
    done
}
[ "${1:-start}" = stop ] && { stop; exit 0; }

if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
    apt-get install -y --no-install-recommends slurm-wlm munge >/dev/null
fi

mkdir -p "$STATE/ctld" "$STATE/d" /etc/slurm /run/munge /var/log/munge /var/lib/munge
[ -f /etc/munge/munge.key ] || { head -c 1024 /dev/urandom > /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
chown -R munge: /etc/munge /run/munge /var/log/munge /var/lib/munge
chmod 755 /run/munge
munge -n >/dev/null 2>&1 || runuser -u munge -- munged

# cred_expire: a requeued job may start after that many seconds; KillWait: from SIGTERM to SIGKILL
cat > /etc/slurm/slurm.conf <<CONF
ClusterName=one
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1
StateSaveLocation=$STATE/ctld
SlurmdSpoolDir=$STATE/d
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

stop
sleep 1
slurmctld
slurmd
for _ in $(seq 30); do
    sinfo -h -o %t 2>/dev/null | grep -q -E 'idle|mix|alloc' && { sinfo; exit 0; }
    sleep 1
done
echo "SLURM did not come up; see $STATE/slurmctld.log and $STATE/slurmd.log" >&2
exit 1
