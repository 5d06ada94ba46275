#!/bin/sh
# Goes on where init.sh has led: the rest of a system, and the agent. When the agent ends, so does the guest.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
for word in $(cat /proc/cmdline); do
    case $word in
    l2tpspec.modules=*) modules=${word#*=} ;;
    l2tpspec.agent=*) agent=${word#*=} ;;
    esac
done
# The kernel itself looks for the modules of ciphers here.
rm -rf /lib/modules
ln -s "$modules" /lib/modules
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip link set lo up
"$agent" lab agent /dev/vport*p1
echo o > /proc/sysrq-trigger
sleep 5
