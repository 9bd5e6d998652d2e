# Becomes PID 1 of a test machine: systemd in its own namespaces, on an overlay of a root folder.
#
# Arguments: LOWER (the root folder to overlay), BASE (a tmpfs that outlives one boot), CLOCK_LIBRARY (a shared
# library to preload into every program, with the file of its shift beside it; or empty). Run by isolation.py inside
# fresh namespaces.
set -eu
lower=$1 base=$2 clock_library=$3
root=$base/root
mkdir -p "$base/upper" "$base/work" "$root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$base/upper,workdir=$base/work,index=off" "$root"
cd "$root"

if [ ! -e "$base/prepared" ]; then
    # The machine boots the same on every host: nothing that this host happens to have enabled, ...
    rm -rf etc/systemd/system/*.wants etc/systemd/user/*.wants etc/rc?.d/* etc/fstab
    # ... nothing that changes the kernel, which is the host's, ...
    mkdir -p etc/systemd/system
    for unit in systemd-modules-load.service systemd-sysctl.service systemd-binfmt.service \
        systemd-pstore.service systemd-random-seed.service proc-sys-fs-binfmt_misc.automount \
        sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
        sys-fs-fuse-connections.mount dev-hugepages.mount; do
        ln -sf /dev/null "etc/systemd/system/$unit"
    done
    # ... and an identity and a journal of its own. The journal is persistent because only then each user has
    # a file of his own, which `journalctl --user` reads (journald.conf(5), SplitMode=).
    rm -rf var/log/journal var/lib/systemd/linger var/lib/systemd/timers
    mkdir -p var/log/journal
    tr -d - < /proc/sys/kernel/random/uuid > etc/machine-id
    echo aiemp-test > etc/hostname
    : > "$base/prepared"
fi

rm -f etc/ld.so.preload
if [ -n "$clock_library" ]; then
    cp "$clock_library" etc/shifted-clock.so
    chmod 0755 etc/shifted-clock.so
    cp "${clock_library%.so}.shift" etc/shifted-clock.shift
    chmod 0644 etc/shifted-clock.shift
    echo /etc/shifted-clock.so > etc/ld.so.preload
fi

mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
for device in null zero full random urandom tty; do
    : > "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for stream in stdin:0 stdout:1 stderr:2; do
    ln -s "fd/${stream#*:}" "dev/${stream%:*}"
done

# No way to change the host's kernel from in there: PID 1 would write core_pattern and more. And a boot ID of its
# own: the kernel's does not change when this machine restarts.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
cat /proc/sys/kernel/random/uuid > run/boot_id
mount --bind run/boot_id proc/sys/kernel/random/boot_id

ip link set lo up
hostname aiemp-test
mkdir run/host
pivot_root . run/host
cd /
umount --lazy /run/host
rmdir /run/host
# systemd leaves this to whoever starts a container; without it, services get no credentials.
mount --make-rshared /
# The clock and the kernel are the host's: no program in there may set the one or load modules into the other.
exec env -i container=aiemp-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set=-sys_time,-sys_module \
    /lib/systemd/systemd --system systemd.unit=multi-user.target
