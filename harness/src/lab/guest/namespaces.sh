# The first process of a guest that is namespaces of this kernel: a place to mount at, the subject's packages, and the agent.
# Without an agent it finds out whether this machine can do that, and says what is missing.
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
place=$1 packages=$2 agent=$3
missing() { echo "this machine has no $1" >&2; exit 1; }
mount -t tmpfs tmpfs "$place"
root=$place/root
mkdir "$root" "$place/none"
# One overlay for all would have the packages, which are below `/`, twice.
for folder in etc usr; do
    upper=$place/$folder/upper work=$place/$folder/work
    mkdir -p "$root/$folder" "$upper" "$work"
    own=$packages/$folder
    [ -n "$packages" ] && [ -d "$own" ] || own=$place/none
    mount -t overlay -o "lowerdir=$own:/$folder,upperdir=$upper,workdir=$work" overlay "$root/$folder" ||
        missing "overlay of files"
done
for link in bin sbin lib lib64; do
    ln -s "usr/$link" "$root/$link"
done
cd "$root"
[ -z "$packages" ] || [ ! -d "$packages/var" ] || cp -a "$packages/var" .
mkdir -p proc sys run tmp dev root var/lib var/log var/tmp
rm -rf var/run
ln -s /run var/run
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
for folder in run tmp dev; do
    mount -t tmpfs -o mode=755 tmpfs $folder
done
chmod 1777 tmp
cd dev
mkdir net pts shm
mount -t devpts -o ptmxmode=666 devpts pts
mount -t tmpfs tmpfs shm
ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
node() { mknod -m 666 "$1" c "$2" "$3" && true <"$1"; } 2>/dev/null
node null 1 3 && node zero 1 5 && node full 1 7 && node random 1 8 && node urandom 1 9 || missing "devices for a root of its own"
mknod -m 666 tty c 5 0
node net/tun 10 200 || missing "TUN"
node ppp 108 0 || missing "PPP"
[ -e /proc/net/pppol2tp ] || modprobe l2tp_ppp 2>/dev/null || true
[ -e /proc/net/pppol2tp ] || missing "L2TP in its kernel"
ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 256 mode transport \
    enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213 \
    2>/dev/null || missing "ESP"
ip xfrm state flush
[ -n "$agent" ] || exit 0
: >"$root/.l2tpspec"
mount --bind "$agent" "$root/.l2tpspec"
mkdir -p "$root/run/lock"
hostname l2tpspec
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link set lo up
# Not `exec`: this shell is the one that buries what daemons leave.
chroot "$root" /.l2tpspec lab agent
