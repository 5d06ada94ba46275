#!/bin/sh
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
hostname l2tpspec
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r name; do
    insmod "/m/$name.ko" || echo "l2tpspec: no module $name"
done < /m/order
for tag in host packages; do
    mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 $tag /$tag || exec sh
done
mount -t tmpfs tmpfs /rw
mkdir -p /rw/upper/usr/bin /rw/upper/usr/sbin /rw/work
# The kernel calls this for the modules of ciphers.
cp /bin/busybox /rw/upper/usr/bin/busybox
[ -e /host/usr/sbin/modprobe ] || ln -s ../bin/busybox /rw/upper/usr/sbin/modprobe
cp /start /rw/upper/.l2tpspec-start
mount -t overlay -o lowerdir=/packages:/host,upperdir=/rw/upper,workdir=/rw/work overlay /root || exec sh
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
exec switch_root /root /bin/sh /.l2tpspec-start
