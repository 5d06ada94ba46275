#!/bin/sh
# Records the VPN traffic of a supernode, and what opens it, for `l2tpspec check`, `diff` and `lift`.
# It takes tcpdump and iproute2, run as root. It writes into one new folder, changes nothing else, and stops by itself.
set -u
umask 077

usage() {
  cat <<'END'
usage: sh record.sh [-i INTERFACE] [-t SECONDS] [-s MEGABYTES] [-r] [-k] [-o FOLDER]

  -i INTERFACE  where to listen; the one that the default route leads through, unless told
  -t SECONDS    stop after so long; 600 unless told
  -s MEGABYTES  stop when so much is recorded; 200 unless told
  -r            when so much is recorded, drop the oldest instead, and go on
  -k            leave the keys of the kernel out: the recording cannot be opened then
  -o FOLDER     where to write; l2tpspec-HOST-TIME in this folder unless told
END
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "record.sh: $1"
  say "hint: $2"
  exit 2
}

is_number() { case $1 in '' | *[!0-9]* | 0*) return 1 ;; *) return 0 ;; esac }

interface='' seconds=600 megabytes=200 is_ring=no with_keys=yes folder=''
while getopts i:t:s:o:rkh option; do
  case $option in
    i) interface=$OPTARG ;;
    t) seconds=$OPTARG ;;
    s) megabytes=$OPTARG ;;
    r) is_ring=yes ;;
    k) with_keys=no ;;
    o) folder=$OPTARG ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || fail "one word too many: $1" "sh record.sh -h shows what it takes"
is_number "$seconds" || fail "-t takes a number of seconds, not $seconds" "such as -t 600"
is_number "$megabytes" || fail "-s takes a number of megabytes, not $megabytes" "such as -s 200"
[ "$(id -u)" = 0 ] || fail "only root may record" "run it with sudo"
for tool in tcpdump ip; do
  command -v $tool >/dev/null 2>&1 || fail "$tool is not installed" "packages: tcpdump, iproute2"
done

if [ -z "$interface" ]; then
  interface=$(ip -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | sed -n 1p)
  [ -n "$interface" ] || interface=any
fi
[ "$interface" = any ] || ip link show dev "$interface" >/dev/null 2>&1 ||
  fail "there is no interface $interface" "ip link shows which there are"

[ -n "$folder" ] || folder=l2tpspec-$(uname -n)-$(date +%Y%m%d-%H%M%S)
mkdir "$folder" 2>/dev/null || fail "$folder cannot be made, or is there already" "name another folder with -o"

free=$(df -Pk "$folder" | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\([0-9]*\).*/\1/p')
if [ "${free:-0}" -lt $((megabytes * 1000 + 50000)) ]; then
  rmdir "$folder"
  fail "no room: $((${free:-0} / 1000)) MB are free for $megabytes MB" "less with -s, or another disk with -o"
fi

# IKE, ESP and L2TP, the fragments of their datagrams, and what routers say of datagrams that did not arrive.
filter='udp port 500 or udp port 4500 or udp port 1701 or ip proto 50 or ip6 proto 50'
filter="$filter or (ip proto 17 and ip[6:2] & 0x1fff != 0) or (icmp and icmp[0] = 3)"

say "listens on $interface for IKE, ESP and L2TP: at most $seconds s and $megabytes MB, in $folder; Ctrl-C stops it"

recorder='' monitor=''
started=$(date +%s)
why='it was interrupted'
# Whatever ends this ends what it began.
stop() {
  for process in $recorder $monitor; do kill "$process" 2>/dev/null; done
}
is_over=no
trap 'is_over=yes' INT TERM HUP
trap stop EXIT

# What ran when this was recorded, and how it was set up. Files of secrets are not read, and lines that name one are cut.
about() {
  echo "recorded: $(date -u +%Y-%m-%dT%H:%M:%SZ) on interface $interface"
  echo "kernel: $(uname -srm)"
  sed -n 's/^PRETTY_NAME=/system: /p' /etc/os-release 2>/dev/null
  for package in strongswan-starter strongswan-swanctl charon-systemd libstrongswan libreswan xl2tpd ppp bird bird2 frr; do
    if command -v dpkg-query >/dev/null 2>&1; then
      # shellcheck disable=SC2016 # dpkg-query fills these in
      dpkg-query -W -f '${Package}: ${Version}\n' $package 2>/dev/null
    elif command -v rpm >/dev/null 2>&1; then
      rpm -q --qf '%{NAME}: %{VERSION}-%{RELEASE}\n' $package 2>/dev/null | grep -v 'not installed'
    fi
  done
  tcpdump --version 2>&1 | sed -n '1s/^/tcpdump: /p'
}
cut_secrets() {
  awk '{ line = tolower($0) }
       line ~ /^[ \t]*[#;]/ { next }
       line ~ /secret|passw|psk|private|token|shared|pin[ \t]*=/ && line !~ /[{][ \t]*$/ {
         match($0, /^[ \t]*[^ \t=:]+/); print substr($0, 1, RLENGTH) " <left out>"; next }
       { print }' "$1"
}
about >"$folder/about.txt"
for file in /etc/ipsec.conf /etc/ipsec.d/*.conf /etc/strongswan.conf /etc/strongswan.d/charon.conf \
  /etc/swanctl/swanctl.conf /etc/swanctl/conf.d/*.conf /etc/xl2tpd/xl2tpd.conf /etc/ppp/options /etc/ppp/options.* \
  /etc/bird/bird.conf /etc/frr/ospfd.conf; do
  [ -f "$file" ] || continue
  mkdir -p "$folder/config"
  cut_secrets "$file" >"$folder/config/$(printf '%s' "${file#/etc/}" | tr / _)"
done

# The keys of SAs that there are, and of those that come: by the end, most of them are gone again.
if [ "$with_keys" = yes ]; then
  mkdir "$folder/keys"
  if ip xfrm state >"$folder/keys/state-begin.txt" 2>"$folder/xfrm.log"; then
    ip xfrm monitor SA >"$folder/keys/state-monitor.txt" 2>>"$folder/xfrm.log" &
    monitor=$!
  else
    say "warning: this kernel shows no SAs ($(sed -n 1p "$folder/xfrm.log")): what ESP protects cannot be opened"
    with_keys=no
    rm -r "$folder/keys"
  fi
fi

mkdir "$folder/pieces"
# The folder is root's; not every tcpdump can become somebody else.
case $(tcpdump --help 2>&1) in *'-Z '*) user='-Z root' ;; *) user='' ;; esac
# The names end so because some systems let tcpdump write no others.
# shellcheck disable=SC2086 # two words, or none
tcpdump -i "$interface" -n -s 0 -U $user -C 5 -w "$folder/pieces/wire.pcap" "$filter" 2>"$folder/tcpdump.log" &
recorder=$!

# The pieces, oldest first.
pieces() {
  count=0
  while [ $count -le "$last" ]; do
    piece=$folder/pieces/wire.pcap$([ $count = 0 ] || echo $count)
    [ ! -f "$piece" ] || printf '%s\n' "$piece"
    count=$((count + 1))
  done
}
last=0
recorded() { du -sk "$folder/pieces" | sed 's/[^0-9].*//'; }
while [ $is_over = no ]; do
  sleep 1
  while [ -f "$folder/pieces/wire.pcap$((last + 1))" ]; do last=$((last + 1)); done
  if ! kill -0 $recorder 2>/dev/null; then
    why="tcpdump ended: $(grep -Ev 'packets|^$' "$folder/tcpdump.log" | tail -n 1)"
    is_over=failed
  elif [ $(($(date +%s) - started)) -ge "$seconds" ]; then
    why="$seconds s are over"
    is_over=yes
  elif [ "$(recorded)" -ge $((megabytes * 1000)) ]; then
    if [ $is_ring = yes ] && [ "$last" -gt 0 ]; then
      rm "$(pieces | sed -n 1p)"
    else
      why="$megabytes MB are recorded"
      is_over=yes
    fi
  fi
done

# What came in the last second may still wait in the kernel, which tcpdump would leave there.
sleep 2
kill -INT $recorder 2>/dev/null
wait $recorder 2>/dev/null
recorder=''
if [ -n "$monitor" ]; then
  kill $monitor 2>/dev/null
  wait $monitor 2>/dev/null
  monitor=''
fi
[ "$with_keys" = no ] || ip xfrm state >"$folder/keys/state-end.txt" 2>/dev/null

# One recording of all pieces: a header of 24 octets goes before the first only.
while [ -f "$folder/pieces/wire.pcap$((last + 1))" ]; do last=$((last + 1)); done
pieces | while read -r piece; do
  if [ -f "$folder/wire.pcap" ]; then
    tail -c +25 "$piece" >>"$folder/wire.pcap"
    rm "$piece"
  else
    mv "$piece" "$folder/wire.pcap"
  fi
done
rmdir "$folder/pieces"

cost() {
  echo "stopped: $why"
  echo "cost: $(($(date +%s) - started)) s, $(du -sk "$folder" | sed 's/[^0-9].*//') kB on disk, processor time of the recording $(
    times | sed -n '2s/ /, of the kernel /p'
  )"
  grep -E 'packets? (captured|dropped by kernel)' "$folder/tcpdump.log"
}
cost >>"$folder/about.txt"
cost >&2
if [ ! -f "$folder/wire.pcap" ] || [ $is_over = failed ]; then
  say "nothing was recorded: see $folder/tcpdump.log"
  exit 1
fi
say "the recording is $folder: l2tpspec check $folder"
[ "$with_keys" = no ] || say "it holds keys and what users sent: handle it so, or share what l2tpspec scrub makes of it"
say "IKE itself is opened only if the daemon tells its keys too: put Wireshark's ikev1_decryption_table into $folder/keys"
